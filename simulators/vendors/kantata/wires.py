"""Which vendor attribute is which domain field: one line each. Ids of the records an object belongs to are always shown.

Source: Kantata OX Swagger mirror (api-evangelist/mavenlink) and tap-mavenlink schemas, read 2026-11-20.
"""

from __future__ import annotations

from simulators.domains import psa
from simulators.kernel.wire import Column, Wire

from . import values as v

READ = ""
AUDIT = (Column("created_at", "created_at", v.INSTANT, READ), Column("updated_at", "changed_at", v.INSTANT, READ))
KEY = Column("id", "id", v.ID, READ)
CURRENCY = (
    Column("currency", "currency", v.TEXT),
    Column("currency_symbol", "currency", v.SYMBOL, READ),
    Column("currency_base_unit", "currency", v.BASE_UNIT, READ),
)

USER = Wire(
    "users",
    psa.USER,
    (
        KEY,
        Column("full_name", "full_name", v.TEXT, READ),
        Column("email_address", "email", v.TEXT, READ),
        Column("headline", "number", v.TEXT, READ),
        *AUDIT,
    ),
    strict=False,
)
WORKSPACE = Wire(
    "workspaces",
    psa.WORKSPACE,
    (
        KEY,
        Column("title", "title", v.TEXT, required=True),
        Column("description", "description", v.TEXT),
        Column("archived", "archived", v.FLAG),
        Column("budgeted", "budgeted", v.FLAG),
        Column("start_date", "start_on", v.DAY),
        Column("due_date", "due_on", v.DAY),
        Column("effective_due_date", "due_on", v.DAY, READ),
        *CURRENCY,
        Column("price_in_cents", "price", v.CENTS),
        Column("price", "price", v.UNITS),
        Column("require_time_approvals", "require_time_approvals", v.FLAG),
        Column("require_expense_approvals", "require_expense_approvals", v.FLAG),
        Column("status", "status", v.WORKSPACE_STATUS, READ),
        Column("status_key", "status", v.STATUS_KEY),
        *AUDIT,
    ),
    strict=False,
)
STORY = Wire(
    "stories",
    psa.STORY,
    (
        KEY,
        Column("workspace_id", "workspace_id", v.ID, "c", required=True),
        Column("parent_id", "parent_id", v.ID),
        Column("title", "title", v.TEXT, required=True),
        Column("description", "description", v.TEXT),
        Column("story_type", "type", v.STORY_TYPE),
        Column("state", "state", v.STORY_STATE),
        Column("status", "state", v.STORY_STATE),
        Column("start_date", "start_on", v.DAY),
        Column("due_date", "due_on", v.DAY),
        Column("billable", "billable", v.FLAG),
        Column("fixed_fee", "fixed_fee", v.FLAG),
        Column("time_estimate_in_minutes", "estimate_minutes", v.WHOLE),
        Column("budget_estimate_in_cents", "budget", v.CENTS),
        Column("percentage_complete", "state", v.COMPLETED, READ),
        *AUDIT,
    ),
    strict=False,
)
WORKSPACE_RESOURCE = Wire(
    "workspace_resources",
    psa.WORKSPACE_RESOURCE,
    (
        KEY,
        Column("workspace_id", "workspace_id", v.ID, "c", required=True),
        Column("user_id", "user_id", v.ID),
        Column("label", "label", v.TEXT),
        Column("estimated_minutes", "minutes", v.WHOLE),
        *AUDIT,
    ),
    strict=False,
)
ASSIGNMENT = Wire(
    "assignments",
    psa.ASSIGNMENT,
    (
        KEY,
        Column("story_id", "story_id", v.ID, "c", required=True),
        Column("assignee_id", "user_id", v.ID),
        Column("estimated_minutes", "estimated_minutes", v.WHOLE),
        *AUDIT,
    ),
    strict=False,
)
TIME_ENTRY = Wire(
    "time_entries",
    psa.TIME_ENTRY,
    (
        KEY,
        Column("workspace_id", "workspace_id", v.ID, required=True),
        Column("story_id", "story_id", v.ID),
        Column("user_id", "user_id", v.ID),
        Column("date_performed", "performed_on", v.DAY, required=True),
        Column("time_in_minutes", "minutes", v.WHOLE, required=True),
        Column("billable", "billable", v.FLAG),
        Column("notes", "notes", v.TEXT),
        Column("rate_in_cents", "rate", v.RATE),
        *CURRENCY,
        Column("approved", "state", v.APPROVED, READ),
        *AUDIT,
    ),
    strict=False,
)
EXPENSE = Wire(
    "expenses",
    psa.EXPENSE,
    (
        KEY,
        Column("workspace_id", "workspace_id", v.ID, required=True),
        Column("user_id", "user_id", v.ID),
        Column("date", "spent_on", v.DAY, required=True),
        Column("amount_in_cents", "amount", v.CENTS, required=True),
        Column("category", "category", v.TEXT),
        Column("notes", "notes", v.TEXT),
        Column("is_billable", "billable", v.FLAG),
        Column("reimbursable", "reimbursable", v.FLAG),
        *CURRENCY,
        Column("approved", "state", v.APPROVED, READ),
        Column("receipt_id", "receipt", v.TEXT),
        *AUDIT,
    ),
    strict=False,
)
SUBMISSION = (
    KEY,
    Column("workspace_id", "workspace_id", v.ID, "c", required=True),
    Column("user_id", "user_id", v.ID, "c"),
    Column("title", "title", v.TEXT, "c", required=True),
    Column("comment", "comment", v.TEXT, "c"),
    Column("start_date", "start_on", v.DAY, READ),
    Column("end_date", "end_on", v.DAY, READ),
    Column("status", "state", v.SUBMISSION_STATUS, READ),
    Column("current_resolution_created_at_date", "decided_at", v.INSTANT, READ),
    Column("current_resolution_creator_id", "approver_id", v.WHOLE, READ),
    *AUDIT,
)
TIMESHEET_SUBMISSION = Wire("timesheet_submissions", psa.TIMESHEET_SUBMISSION, SUBMISSION, strict=False)
EXPENSE_SUBMISSION = Wire("expense_report_submissions", psa.EXPENSE_SUBMISSION, SUBMISSION, strict=False)
EXTERNAL_REFERENCE = Wire(
    "external_references",
    psa.EXTERNAL_REFERENCE,
    (
        KEY,
        Column("subject_id", "subject_id", v.WHOLE, "c", required=True),
        Column("service_name", "service_name", v.TEXT, required=True),
        Column("service_model", "service_model", v.TEXT, required=True),
        Column("service_model_ref", "service_model_ref", v.TEXT, required=True),
        Column("status", "sync_status", v.TEXT),
        Column("external_status", "status", v.TEXT),
        Column("external_message", "message", v.TEXT),
        Column("external_link", "link", v.TEXT),
        Column("last_synced_at", "synced_at", v.INSTANT, READ),
        *AUDIT,
    ),
    strict=False,
)
WIRES = (
    USER,
    WORKSPACE,
    STORY,
    WORKSPACE_RESOURCE,
    ASSIGNMENT,
    TIME_ENTRY,
    TIMESHEET_SUBMISSION,
    EXPENSE,
    EXPENSE_SUBMISSION,
    EXTERNAL_REFERENCE,
)
