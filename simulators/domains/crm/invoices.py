"""The mirror of invoices: a read copy of what the ERP posted, keyed by the ERP's own invoice key."""

from simulators.kernel.records import Field, Kind

from .authorship import CREATED_BY, authored

INVOICE_MIRROR = Kind(
    "invoice_mirror",
    (
        Field("key", required=True, unique=True),
        Field("sow_id", "ref", indexed=True, to="sow"),
        Field("number"),
        Field("status"),
        Field("gross", "money"),
        Field("open", "money"),
        Field("currency"),
        Field("due_on", "date"),
        Field("source_version", "int"),
        CREATED_BY,
    ),
    key="key",
    derive=authored,
)
