"""What a CRM is: parties, a catalogue, deals, statements of work, and the mirror of what was invoiced.

Kinds, state machines and rules in domain words; no HTTP and no vendor. The way in is `KINDS`. An illegal move is a Refusal
from `kernel/records.py`, and then nothing has changed; a vendor room words it.
"""

from simulators.kernel.records import Kind

from .catalogue import PRICE_BOOK, PRICE_ENTRY, PRODUCT
from .deals import OPPORTUNITY, OPPORTUNITY_LINE, QUOTE
from .invoices import INVOICE_MIRROR
from .parties import ACCOUNT, CONTACT, ORGANIZATION, USER
from .work import CONTRACT, SOW

__all__ = [
    "ACCOUNT", "CONTACT", "CONTRACT", "INVOICE_MIRROR", "KINDS", "OPPORTUNITY", "OPPORTUNITY_LINE", "ORGANIZATION", "PRICE_BOOK",
    "PRICE_ENTRY", "PRODUCT", "QUOTE", "SOW", "USER",
]  # fmt: skip

KINDS: dict[str, Kind] = {
    k.name: k
    for k in (
        USER, ORGANIZATION, ACCOUNT, CONTACT, PRICE_BOOK, PRODUCT, PRICE_ENTRY,
        OPPORTUNITY, OPPORTUNITY_LINE, QUOTE, CONTRACT, SOW, INVOICE_MIRROR,
    )
}  # fmt: skip
