"""The fields every object has: its id first, who made and changed it and when last. Nobody writes them."""

from simulators.kernel.wire import Column
from simulators.vendors.salesforce.codecs import FLAG, ID, INSTANT, PERSON, REFERENCE

IDENTITY = Column("Id", "id", ID, "")
OWNER = Column("OwnerId", "owner_id", REFERENCE, parent="Owner")
AUDIT = (
    Column("IsDeleted", "deleted", FLAG, ""),
    Column("CreatedDate", "created_at", INSTANT, ""),
    Column("CreatedById", "created_by", PERSON, ""),
    Column("LastModifiedDate", "changed_at", INSTANT, ""),
    Column("LastModifiedById", "changed_by", PERSON, ""),
    Column("SystemModstamp", "changed_at", INSTANT, ""),
)
