"""Malformed requests of every shape: the vendor's own error, never a 500, never a change of state."""

import json
from random import Random

import pytest

from .account import Account

SEEDS = range(12)
ODD = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 1.5, -0.0, 1e308, "", " ", "x", "0", "-1", "1.5", "9" * 30, "null",
    "2026-01-05", "2026-13-45", "2026-01-05T10:00:00Z", "24:00", "é\u0000", "\ud800", "a" * 5000, [], [1], [[]], {}, {"id": 1},
    [None], "'; DROP TABLE user_row; --", "%", "_", "٣", "1e5", "true", "१२",
]  # fmt: skip
PARAMETERS = [
    "page", "per_page", "limit", "offset", "order", "only", "search", "include", "optional_fields", "created_after",
    "created_before", "updated_after", "updated_before", "approved", "workspace_id", "workspace_ids", "story_type", "statuses",
    "date_performed_between", "date_expensed_between", "with_user_ids", "subject_type", "subject_id", "service_name",
    "service_model_ref", "external_reference_service_model_refs", "has_external_references", "event_types", "archived",
    "include_archived", "with_timesheet_id", "start_date", "start_date_after", "user_ids", "all_on_account", "role_id",
    "include_unnamed", "most_recent", "with_subject_id", "with_custom_field_id", "except", "due_between", "by_status", "billable",
    "uninvoiced", "last_synced_after", "matching", "with_parent_id", "story_types", "by_email_addresses", "by_full_name",
]  # fmt: skip
INDEXES = [
    "users", "workspaces", "stories", "workspace_resources", "assignments", "time_entries", "expenses", "timesheet_submissions",
    "expense_report_submissions", "external_references", "custom_fields", "custom_field_values", "subscribed_events",
    "subscribed_events/event_types", "roles",
]  # fmt: skip
WRITES = {
    "workspaces": ("workspace", ["title", "price", "price_in_cents", "currency", "start_date", "due_date", "archived", "budgeted",
                                 "status_key", "require_time_approvals", "description", "external_reference"]),
    "stories": ("story", ["title", "workspace_id", "parent_id", "story_type", "state", "status", "start_date", "due_date",
                          "billable", "fixed_fee", "time_estimate_in_minutes", "budget_estimate_in_cents", "description"]),
    "workspace_resources": ("workspace_resource", ["workspace_id", "user_id", "role_id", "label", "estimated_minutes"]),
    "assignments": ("assignment", ["story_id", "assignee_id", "resource_id", "estimated_minutes"]),
    "time_entries": ("time_entry", ["workspace_id", "story_id", "user_id", "date_performed", "time_in_minutes", "billable",
                                    "notes", "rate_in_cents", "currency", "external_reference"]),
    "expenses": ("expense", ["workspace_id", "user_id", "date", "amount_in_cents", "category", "notes", "is_billable",
                             "reimbursable", "currency", "receipt_id"]),
    "timesheet_submissions": ("timesheet_submission", ["workspace_id", "user_id", "title", "comment", "line_item_ids"]),
    "expense_report_submissions": ("expense_report_submission", ["workspace_id", "user_id", "title", "line_item_ids"]),
    "external_references/create_or_update": ("external_reference", ["subject_type", "subject_id", "service_name", "service_model",
                                                                    "service_model_ref", "status", "external_status"]),
    "custom_field_values": ("custom_field_value", ["subject_type", "subject_id", "custom_field_id", "value"]),
}  # fmt: skip
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b"\xff\xfe",
    b'{"a":' * 3000,
    b"[" * 5000,
    b"a=b",
    b"%",
    b"{}",
    b'{"\\ud800":1}',
]


def state(account):
    return account.system.digest(), account.system.position


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_parameters_never_break_a_read(seed):
    """Any parameter with any text: 200, or a refusal in the vendor's shape; and nothing moves."""
    random, account = Random(seed), Account()
    account.approved()
    before = state(account)
    for _ in range(150):
        names = random.sample(PARAMETERS, random.randint(1, 4))
        query = {name: str(random.choice(ODD)).encode("utf-8", "surrogatepass") for name in names}
        got = account.get("/" + random.choice(INDEXES), **query)
        assert got.status in (200, 400), (seed, query, got)
        assert got.status == 200 or got.errors[0]["type"] == "system"
    assert state(account) == before


@pytest.mark.parametrize("seed", SEEDS)
def test_odd_values_never_break_a_write(seed):
    """Any value in any attribute: made, or refused in the vendor's shape and then nothing has changed."""
    random, account = Random(seed), Account()
    entry, expense = account.book(), account.spend()
    good = {"workspace_id": account.workspace, "story_id": account.story, "user_id": account.people["P-0001"], "title": "T",
            "date_performed": "2026-01-05", "date": "2026-01-05", "time_in_minutes": 1, "amount_in_cents": 1,
            "line_item_ids": [entry], "subject_type": "Workspace", "subject_id": account.workspace, "service_name": "n",
            "service_model": "m", "service_model_ref": "r", "custom_field_id": 12, "value": "v"}  # fmt: skip
    ids = {"workspaces": account.workspace, "stories": account.story, "time_entries": entry, "expenses": expense}
    for _ in range(150):
        path = random.choice(list(WRITES))
        one, names = WRITES[path]
        given = {name: good[name] for name in names if name in good}
        given |= {name: random.choice(ODD) for name in random.sample(names, random.randint(1, 3))}
        body = {one: given} if random.random() < 0.8 else {path: [given]}
        update = path in ids and random.random() < 0.4
        before = state(account)
        raw = json.dumps(body).encode()
        got = account.call("PUT" if update else "POST", f"/{path}/{ids[path]}" if update else f"/{path}", raw)
        assert got.status in (200, 400, 403, 404, 422), (seed, path, given, got)
        if got.status != 200:
            assert state(account) == before, (seed, path, given)
            assert got.errors[0]["type"] in ("system", "syntax", "validation")


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
def test_odd_bodies_never_break_a_write(content_type):
    """What is no object, or no JSON, or no form is refused with 400, everywhere."""
    account = Account()
    before = state(account)
    for body in BODIES:
        for path, (one, _) in WRITES.items():
            for raw in (body, b'{"' + one.encode() + b'":' + (body or b"0") + b"}"):
                got = account.call("POST", "/" + path, raw, {"content-type": content_type})
                assert got.status in (400, 422), (path, raw[:40], got)
                assert got.errors
    assert state(account) == before


@pytest.mark.parametrize("form", ["a[b", "time_entry[x][y][z][w][v]=1", "time_entry=1&time_entry[a]=2", "time_entry[a][]=1&time_entry[a]=2",
                                  "time_entry[a]=1&time_entry[a][]=2", "[]=1", "time_entry[]=1", "=", "time_entries[][a]=1"])  # fmt: skip
def test_odd_forms_are_refused(form):
    """Forms that nest too deep, or use a name twice in two ways, are refused."""
    account = Account()
    got = account.call("POST", "/time_entries", form.encode(), {"content-type": "application/x-www-form-urlencoded"})
    assert got.status in (400, 422)


@pytest.mark.parametrize("path", ["/workspaces/%00", "/workspaces/%ff", "/workspaces/../users", "/workspaces//", "/time_entries/1/2",
                                  "/workspaces/999999999999999999999", "/workspaces/-1", "/workspaces/1.json.json",
                                  "/custom_field_values/x", "/custom_field_values/1", "/roles/x"])  # fmt: skip
def test_odd_paths_are_not_found(path):
    """Paths that name nothing are 404, or the index they happen to mean."""
    got = Account().get(path)
    assert got.status in (200, 404)
    assert got.status == 404 or path.endswith("//")
