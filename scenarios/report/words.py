"""What codes mean in the words of the people who read reports. Literal tables only; an unknown code is shown as itself."""

from __future__ import annotations

from typing import NamedTuple

SYSTEMS = {"crm": "CRM", "psa": "PSA", "erp": "ERP"}
VENDORS = {"salesforce": "Salesforce", "kantata": "Kantata", "netsuite": "NetSuite"}
VERDICTS = {"held": "Held", "broken": "Not held", "unsettled": "Not settled", "unknown": "Unknown"}
DESIGNS = {
    "core": "the orchestrator",
    "naive": "a naive integration without memory",
    "manual": "people who copy by hand",
}


class Figure(NamedTuple):
    """A figure people manage by: its name, and what it means."""

    name: str
    meaning: str


KPIS = {
    "setup_hours_p50": Figure("Project set-up, median", "From won and signed until the project stands in PSA and ERP."),
    "setup_hours_p95": Figure("Project set-up, 95 of 100 within", "The same for deals that no person had to touch."),
    "invoice_cycle_hours_p50": Figure(
        "Approved to sent, median", "From the last approval on an invoice until it was sent to the client."
    ),
    "invoice_cycle_hours_p95": Figure("Approved to sent, 95 of 100 within", "The same for all but the slowest invoices."),
    "unbilled_approved_value": Figure(
        "Approved, not billed at the end", "Work and milestones due for billing, neither billed nor set aside for a person."
    ),
    "sync_lag_minutes_p95": Figure(
        "Invoice status seen in the CRM, 95 of 100 within", "From a change in the ERP until sellers see it."
    ),
    "exception_rate": Figure("Exceptions per attempt", "Cases that needed a person, per item, set-up and invoice tried."),
    "exception_resolution_hours_p50": Figure("Exception resolved, median", "From opened to resolved or waived."),
    "touchless_share": Figure("Set-ups no person touched", "Share of won deals that went through by themselves."),
    "leakage_ratio": Figure("Leakage", "Share of what should have been billed that was neither billed nor set aside."),
}

EXCEPTIONS = {
    "TAX_PROFILE_MISSING": "the statement of work names no tax profile",
    "BILLING_CONTACT_MISSING": "nobody to send the invoice to",
    "OFFERING_UNMAPPED": "a service offering the firm does not know",
    "TERMS_MISSING": "no payment terms",
    "LINES_MISSING": "nothing sold on the opportunity",
    "CURRENCY_MISMATCH": "deal, contract and entity differ in currency",
    "SCHEDULE_MISMATCH": "milestones do not add up to the deal",
    "NOT_SIGNED": "won, but the signature is missing",
    "ENTITY_UNKNOWN": "no known legal entity is named as seller",
    "TAX_ID_MISSING": "reverse charge without the customer's tax id",
    "TAX_PROFILE_MISMATCH": "the tax profile does not fit seller and customer",
    "VENDOR_REFUSED": "a system refused the record",
    "EXHAUSTED": "a system did not answer for too long",
    "PERIOD_CLOSED": "the accounting period is closed",
    "SEVERAL_MATCHES": "more than one record under one key",
    "CAP_EXCEEDED": "work beyond the agreed cap",
    "RATE_MISSING": "no rate for the work",
    "PERSON_UNKNOWN": "a person the ERP does not know",
    "STORY_UNMAPPED": "work booked on no sold line",
    "DEFECT": "a fault of the orchestrator",
    "CHANGED": "the record changed under way",
}

FAULTS = {
    "F-01": "out of reach",
    "F-02": "slow, some answers fail",
    "F-04": "turns calls away as too many",
    "F-07": "requests get lost",
    "F-08": "the work is done, the reply gets lost",
    "F-09": "the connection breaks in the reply",
    "F-14": "the same message twice",
    "F-15": "the same news under a new id",
    "F-16": "messages out of order",
    "F-17": "messages come hours late",
    "F-18": "messages never come",
    "F-20": "part of a batch fails",
    "F-23": "its list of changes forgets early",
    "F-27": "the record is locked by somebody else",
    "F-34": "sign-ins expire in the middle of work",
}


def fault_title(id: str, system: str) -> str:
    """`ERP: out of reach`; the bare id when it is not in the table."""
    return f"{SYSTEMS.get(system, system)}: {FAULTS.get(id, id)}"


def vendor_name(profile: str) -> str:
    return VENDORS.get(profile, profile)
