"""The org's schema: one wire an object, the relationships seen from above, and which fields are external ids."""

from simulators.kernel.wire import Wire
from simulators.tongues.soql_schema import Child

from .delivery import INVOICE, SOW
from .parties import ACCOUNT, CONTACT, KINDS, ORGANIZATION, USER
from .sales import CONTRACT, LINE, OPPORTUNITY, PRICE_BOOK, PRICE_ENTRY, PRODUCT, QUOTE

__all__ = ["CHILDREN", "EXTERNAL_IDS", "KINDS", "LABELS", "WIRES"]

WIRES: tuple[Wire, ...] = (
    ACCOUNT, CONTACT, OPPORTUNITY, LINE, QUOTE, CONTRACT, PRODUCT, PRICE_BOOK, PRICE_ENTRY, USER, ORGANIZATION, SOW, INVOICE,
)  # fmt: skip

# AccountNumber and ProductCode stand for the custom external ids that an org would add beside them.
EXTERNAL_IDS: frozenset[tuple[str, str]] = frozenset({
    ("Account", "AccountNumber"), ("Contact", "Email"), ("Product2", "ProductCode"), ("User", "Username"),
    ("Opportunity", "Opportunity_Number__c"), ("OpportunityLineItem", "Line_Key__c"), ("SOW__c", "SOW_Number__c"),
    ("Invoice__c", "Invoice_Key__c"),
})  # fmt: skip

CHILDREN: tuple[Child, ...] = (
    Child("Account", "ChildAccounts", "Account", "ParentId"),
    Child("Account", "Contacts", "Contact", "AccountId", cascades=True),
    Child("Account", "Opportunities", "Opportunity", "AccountId", cascades=True),
    Child("Account", "Contracts", "Contract", "AccountId"),
    Child("Account", "SOWs__r", "SOW__c", "Account__c"),
    Child("Contact", "SOWs__r", "SOW__c", "Billing_Contact__c"),
    Child("Opportunity", "OpportunityLineItems", "OpportunityLineItem", "OpportunityId", cascades=True),
    Child("Opportunity", "Quotes", "Quote", "OpportunityId", cascades=True),
    Child("Opportunity", "SOWs__r", "SOW__c", "Opportunity__c"),
    Child("Product2", "PricebookEntries", "PricebookEntry", "Product2Id"),
    Child("Pricebook2", "PricebookEntries", "PricebookEntry", "Pricebook2Id"),
    Child("SOW__c", "Invoices__r", "Invoice__c", "SOW__c"),
)

LABELS = {
    "Product2": ("Product", "Products"),
    "Pricebook2": ("Price Book", "Price Books"),
    "PricebookEntry": ("Price Book Entry", "Price Book Entries"),
    "OpportunityLineItem": ("Opportunity Product", "Opportunity Product"),
    "Opportunity": ("Opportunity", "Opportunities"),
    "SOW__c": ("Statement of Work", "Statements of Work"),
    "Invoice__c": ("Invoice", "Invoices"),
}
