import pytest

from .account import START

ENTRY = {
    "workspace_id": None, "story_id": None, "user_id": None, "date_performed": "2026-01-05", "time_in_minutes": 435,
    "billable": True, "notes": "design", "rate_in_cents": 18_500,
}  # fmt: skip


def test_the_envelope_of_an_index(account):
    """Results are ordered references; dictionaries hold objects by text id; meta counts pages."""
    entry = account.book(minutes=435, notes="design", rate=1_850_000)
    got = account.get("/time_entries", include="workspace,story,user")
    user = account.people["P-0001"]
    assert got.status == 200
    assert got.json == {
        "count": 1,
        "results": [{"key": "time_entries", "id": entry}],
        "meta": {"count": 1, "page_count": 1, "page_number": 1, "page_size": 20},
        "time_entries": {
            entry: {
                "id": entry, "workspace_id": account.workspace, "story_id": account.story, "user_id": user,
                "date_performed": "2026-01-05", "time_in_minutes": 435, "billable": True, "notes": "design",
                "rate_in_cents": 18_500, "currency": "USD", "currency_symbol": "$", "currency_base_unit": 100,
                "approved": False, "is_invoiced": False, "taxable": False, "active_submission_id": None,
                "created_at": "2026-01-01T09:00:00Z", "updated_at": "2026-01-01T09:00:00Z",
            }
        },
        "workspaces": {account.workspace: account.get(f"/workspaces/{account.workspace}").json["workspaces"][account.workspace]},
        "stories": {account.story: account.get(f"/stories/{account.story}").json["stories"][account.story]},
        "users": {user: account.get(f"/users/{user}").json["users"][user]},
    }  # fmt: skip


def test_a_project_as_it_is_shown(account):
    """Money in cents and as text, status as an object, dates and flags as JSON has them."""
    made = account.get(f"/workspaces/{account.workspace}.json").json["workspaces"][account.workspace]
    assert made == {
        "id": account.workspace, "title": "S-00042 Rollout", "description": None, "archived": False, "budgeted": True,
        "start_date": None, "due_date": None, "effective_due_date": None, "currency": "USD", "currency_symbol": "$",
        "currency_base_unit": 100, "price_in_cents": 900_000, "price": "9,000.00", "require_time_approvals": True,
        "require_expense_approvals": True, "status": {"color": "light-grey", "key": 100, "message": "Not Started"},
        "status_key": 100, "created_at": "2026-01-01T09:00:00Z", "updated_at": "2026-01-01T09:00:00Z", "account_id": 4_200_001,
    }  # fmt: skip


def test_an_empty_index_has_no_pages(account):
    """Nothing found: no page number, and still the dictionary."""
    got = account.get("/expenses").json
    meta = {"count": 0, "page_count": 0, "page_number": 0, "page_size": 20}
    assert got == {"count": 0, "results": [], "expenses": {}, "meta": meta}


def test_the_json_suffix_is_optional(account):
    """Index, show and transitions answer with and without `.json`."""
    sheet = account.submit([account.book()])
    for path in ("/workspaces", f"/workspaces/{account.workspace}", f"/timesheet_submissions/{sheet}", "/subscribed_events"):
        assert account.get(path).body == account.get(path + ".json").body
    assert account.call("PUT", f"/timesheet_submissions/{sheet}/cancel.json").status == 200


def test_one_create_and_a_bulk_create(account):
    """The singular key makes one, the plural up to a hundred, all or none."""
    given = ENTRY | {"workspace_id": int(account.workspace), "story_id": account.story, "user_id": account.people["P-0002"]}
    one = account.call("POST", "/time_entries", {"time_entry": given})
    many = account.call("POST", "/time_entries", {"time_entries": [given | {"time_in_minutes": 60}] * 3})
    assert (one.status, one.json["count"], many.json["count"], len(set(many.ids))) == (200, 1, 3, 3)
    position = account.system.position
    bad = account.call(
        "POST", "/time_entries", {"time_entries": [given | {"time_in_minutes": 1}, given | {"time_in_minutes": 0}]}
    )
    assert (bad.status, bad.errors[0]["field"]) == (422, "time_in_minutes")
    too_many = account.call("POST", "/time_entries", {"time_entries": [given] * 101})
    assert (too_many.status, account.system.position) == (400, position)


def test_a_repeated_post_makes_a_second_project(account):
    """There is no idempotency: the same body twice is two projects of the same title."""
    body = {"workspace": {"title": "S-00044 Twice"}}
    headers = {"idempotency-key": "one"}
    first, second = (account.call("POST", "/workspaces", body, headers=headers).ids[0] for _ in range(2))
    assert first != second
    found = account.get("/workspaces", search="S-00044 Twice").json
    assert [found["workspaces"][each["id"]]["title"] for each in found["results"]] == ["S-00044 Twice"] * 2


def test_search_ranks_the_whole_title_first(account):
    """Any keyword finds; most keywords come first; one phrase can be looked for in the title."""
    other = account.create("workspaces", "workspace", title="S-00045 Rollout")
    assert account.get("/workspaces", search="S-00042 Rollout").ids == [account.workspace, other]
    assert account.get("/workspaces", search="title:'s-00042 rollout'").ids == [account.workspace]
    assert account.get("/stories", search="S-00042-R1").ids == [account.story]
    assert account.get("/time_entries", search="x").errors[0]["type"] == "system"


def test_a_project_is_found_by_its_external_reference(account):
    """An inline reference of a create is a key to find the project by."""
    tie = {"service_name": "netsuite", "service_model": "job", "service_model_ref": "JOB-S-00050", "status": "successful"}
    made = account.create("workspaces", "workspace", title="S-00050 X", external_reference=tie)
    assert account.get("/workspaces", external_reference_service_model_ref="JOB-S-00050").ids == [made]
    assert account.get("/workspaces", external_reference_service_model_refs="JOB-1,JOB-S-00050").ids == [made]
    assert account.get("/workspaces", has_external_references="false").ids == [account.workspace]
    got = account.get(f"/workspaces/{made}", include="external_references").json
    held = got["external_references"][got["workspaces"][made]["external_reference_ids"][0]]
    assert (held["subject_type"], held["service_model_ref"], held["status"]) == ("Workspace", "JOB-S-00050", "successful")


def test_a_reference_is_one_per_object_and_service(account):
    """A second write with the same service_name updates the first one."""
    at = {"subject_type": "Workspace", "subject_id": int(account.workspace)}
    path = "/external_references/create_or_update"
    invoice = {**at, "service_name": "netsuite-INV-1", "service_model": "invoice", "service_model_ref": "INV-1"}
    first = account.call("POST", path, {"external_reference": {**invoice, "external_status": "Open"}})
    account.now += 1000
    again = account.call("POST", path, {"external_reference": {**invoice, "external_status": "Paid In Full"}})
    account.call("POST", path, {"external_reference": {**invoice, "service_name": "netsuite", "service_model": "job"}})
    listed = account.get("/external_references", subject_type="Workspace", service_name="netsuite-INV-1").json
    assert (first.ids, listed["count"]) == (again.ids, 1)
    assert listed["external_references"][first.ids[0]]["external_status"] == "Paid In Full"
    both = account.get("/external_references", subject_type="Workspace", subject_id=account.workspace)
    assert both.json["count"] == 2
    assert account.get("/external_references").status == 400
    subject = account.get("/external_references", subject_type="Workspace", include="subject", only=first.ids[0]).json
    assert subject["external_references"][first.ids[0]]["subject_ref"] == {"key": "workspaces", "id": account.workspace}
    assert list(subject["workspaces"]) == [account.workspace]


def test_paging_follows_the_vendors_arithmetic(account):
    """Default 20, at most 200, odd numbers fall back, limit with offset wins."""
    for n in range(25):
        account.create("workspaces", "workspace", title=f"W {n}")
    total = 26
    assert len(account.get("/workspaces").ids) == 20
    assert account.get("/workspaces", page=2).json["meta"] == {
        "count": total, "page_count": 2, "page_number": 2, "page_size": 20,
    }  # fmt: skip
    assert len(account.get("/workspaces", page=2).ids) == 6
    for odd in ("0", "-3", "x", ""):
        assert len(account.get("/workspaces", per_page=odd).ids) == 20
    assert account.get("/workspaces", per_page=9999).json["meta"]["page_size"] == 200
    got = account.get("/workspaces", order="created_at:asc", limit=3, offset=1, page=5, per_page=2)
    assert got.ids == account.get("/workspaces", order="created_at:asc").ids[1:4]
    assert account.get("/workspaces", limit=3).json["meta"]["page_size"] == 20
    assert account.get("/workspaces", page=99).ids == []


def test_rows_of_one_instant_are_in_id_order(account):
    """Whatever the direction, the id breaks ties upwards, so that pages never overlap."""
    made = [account.workspace, *(account.create("workspaces", "workspace", title="same") for _ in range(4))]
    assert account.get("/workspaces").ids == made
    assert account.get("/workspaces", archived="include", updated_after="2025-12-31T00:00:00Z").ids == made
    assert account.get("/workspaces", order="title:desc").ids == [*made[1:], made[0]]


def test_named_and_unnamed_resources_are_two_inclusions(account):
    """`workspace_resources` holds people only; the other inclusion also roles to fill."""
    role = account.create("workspace_resources", "workspace_resource", workspace_id=account.workspace, role_id=3)
    person = account.create(
        "workspace_resources", "workspace_resource", workspace_id=account.workspace, user_id=account.people["P-0001"], role_id=3
    )
    path = f"/workspaces/{account.workspace}"
    named = account.get(path, include="workspace_resources").json
    every = account.get(path, include="workspace_resources_with_unnamed").json
    assert named["workspaces"][account.workspace]["workspace_resource_ids"] == [person] == list(named["workspace_resources"])
    assert every["workspaces"][account.workspace]["workspace_resources_with_unnamed_ids"] == [role, person]


def test_time_is_billable_as_its_task(account):
    """Without a word about it, an entry takes the task's flag; a word wins."""
    task = account.create("stories", "story", workspace_id=account.workspace, title="T", billable=False)
    given = {"workspace_id": account.workspace, "story_id": task, "user_id": account.people["P-0001"], "time_in_minutes": 60}
    made = [
        account.create("time_entries", "time_entry", date_performed="2026-01-05", **given, **more)
        for more in ({}, {"billable": True})
    ]
    shown = account.get("/time_entries", billable="false")
    assert (shown.ids, account.get("/time_entries", billable="true").ids) == ([made[0]], [made[1]])


def test_a_renamed_attribute_is_drift(account):
    """The room reads its wires at each call: a renamed attribute is shown, written and refused under its new name."""
    wires = account.system.wires
    account.system.adopt(wires["time_entries"].rename("time_in_minutes", "minutes_worked"))
    entry = account.book()
    shown = account.get(f"/time_entries/{entry}").json["time_entries"][entry]
    assert (shown["minutes_worked"], "time_in_minutes" in shown) == (480, False)
    old = {"workspace_id": account.workspace, "date_performed": "2026-01-06", "time_in_minutes": 60}
    got = account.call("POST", "/time_entries", {"time_entry": old})
    assert (got.status, got.errors[0]["field"]) == (422, "minutes_worked")


def test_a_sweep_by_pages_is_complete_under_inserts(account):
    """In creation order, records made between two pages neither hide nor repeat earlier ones."""
    made = [account.create("workspaces", "workspace", title=f"W {n}") for n in range(30)]
    seen = []
    for page in range(1, 6):
        seen += account.get("/workspaces", order="created_at:asc", per_page=10, page=page).ids
        account.now += 1000
        account.create("workspaces", "workspace", title="late")
    assert seen[:31] == [account.workspace, *made]
    assert len(seen) == len(set(seen))


def test_newest_first_pages_repeat_a_row_under_inserts_but_lose_none(account):
    """In the default order an insert pushes rows down: a page repeats one, and none is lost."""
    made = [account.create("workspaces", "workspace", title=f"W {n}") for n in range(30)]
    seen = []
    for page in range(1, 6):
        seen += account.get("/workspaces", per_page=10, page=page).ids
        account.now += 1000
        account.create("workspaces", "workspace", title="late")
    assert set(made) <= set(seen)
    assert len(seen) > len(set(seen))


def test_only_names_ids_and_is_never_missing(account):
    """Unknown ids and what is no id are left out; there are no pages."""
    other = account.create("workspaces", "workspace", title="B")
    got = account.get("/workspaces", only=f"{other},7,x,{account.workspace}", order="title:desc", per_page=1)
    assert got.ids == [account.workspace, other]
    assert account.get("/workspaces", only="999").json["count"] == 0


def test_archived_projects_are_hidden_unless_asked_for(account):
    """Index and show leave them out, and their time with them; a flag brings them back."""
    entry = account.book()
    assert account.call("PUT", f"/workspaces/{account.workspace}", {"workspace": {"archived": True}}).status == 200
    assert account.get("/workspaces").ids == []
    assert account.get(f"/workspaces/{account.workspace}").status == 404
    assert account.get(f"/workspaces/{account.workspace}", include_archived="true").status == 200
    assert account.get("/workspaces", archived="only").ids == [account.workspace]
    assert account.get("/time_entries").ids == []
    assert account.get("/time_entries", from_archived_workspaces="true").ids == [entry]
    assert account.get("/stories", show_from_archived_workspaces="true").ids == [account.story]
    assert account.call("PUT", f"/workspaces/{account.workspace}", {"workspace": {"archived": False}}).status == 200


def test_the_sweep_for_approved_time_sees_only_what_moved(account):
    """`approved` counts whatever its value; `updated_after` is exclusive; both together read what was approved since."""
    old, waiting = account.approved(), account.book(day="2026-01-07")
    mark = "2026-01-01T09:00:00Z"
    account.now += 60_000
    new = account.approved(day="2026-01-06")
    for value in ("true", "false", "", "0"):
        assert account.get("/time_entries", approved=value, updated_after=mark).ids == [new]
    assert set(account.get("/time_entries", approved="").ids) == {old, new}
    assert account.get("/time_entries", updated_after="2026-01-01T09:01:00Z").ids == []
    assert account.get("/time_entries", updated_after="2026-01-01T10:00:30+01:00").ids == [new]
    assert set(account.get("/time_entries", workspace_id=account.workspace).ids) == {old, new, waiting}
    assert account.get("/time_entries", workspace_id="7").ids == []
    assert account.get("/time_entries", date_performed_between="2026-01-06:2026-01-07").ids == [waiting, new]
    assert account.get("/time_entries", date_performed_between=":2026-01-05").ids == [old]


def test_the_instant_of_approval_is_read_from_the_submission(account):
    """The decision carries the approver's instant, the entry names its submission, `updated_at` is the clock."""
    entry = account.book()
    sheet = account.submit([entry])
    account.now += 5_400_000
    account.decide("approve", sheet, at=START + 5_000_123)
    got = account.get("/time_entries", approved="", include="active_submission").json
    shown, held = got["time_entries"][entry], got["timesheet_submissions"][sheet]
    assert (shown["approved"], shown["active_submission_id"], shown["updated_at"]) == (True, sheet, "2026-01-01T10:30:00Z")
    assert held["current_resolution_created_at_date"] == "2026-01-01T10:23:20.123Z"
    assert (held["status"], held["current_resolution_creator_id"]) == ("approved", int(account.people["P-0002"]))
    assert account.get("/timesheet_submissions", statuses="approved", updated_after="2026-01-01T10:00:00Z").ids == [sheet]
    assert account.get("/timesheet_submissions", statuses="new,rejected").ids == []
    lines = account.get(f"/timesheet_submissions/{sheet}", include="time_entries").json
    assert lines["timesheet_submissions"][sheet]["time_entry_ids"] == [entry]


def test_rejected_time_keeps_its_recent_submission_only(account):
    """A rejected entry has no active submission; the recent one can still be included."""
    entry = account.book()
    sheet = account.submit([entry])
    account.decide("reject", sheet)
    got = account.get(f"/time_entries/{entry}", include="recent_submission").json["time_entries"][entry]
    assert (got["active_submission_id"], got["recent_submission_id"], got["approved"]) == (None, sheet, False)
    assert account.get("/time_entries", with_timesheet_id=sheet).ids == []
    assert account.get("/time_entries", with_recent_timesheet_ids=sheet).ids == [entry]


def test_time_on_a_project_without_approvals_counts_as_approved(account):
    """Such time is approved from the start, in the filter and on the object."""
    free = account.create("workspaces", "workspace", title="Internal", require_time_approvals=False)
    entry = account.book(workspace_id=f"id:{free}", story_id=None)
    got = account.get("/time_entries", approved="")
    assert (got.ids, got.json["time_entries"][entry]["approved"]) == ([entry], True)


def test_a_timesheet_over_the_api(account):
    """Submitting, approving and rejecting over HTTP obey the same rules as on the screen."""
    entries = [int(account.book(day=f"2026-01-0{n}")) for n in (5, 6)]
    given = {"title": "W2", "workspace_id": account.workspace, "user_id": account.people["P-0001"], "line_item_ids": entries}
    made = account.call("POST", "/timesheet_submissions", {"timesheet_submission": given})
    sheet = made.json["timesheet_submissions"][made.ids[0]]
    assert (sheet["status"], sheet["start_date"], sheet["end_date"]) == ("pending", "2026-01-05", "2026-01-11")
    refused = account.call("PUT", f"/timesheet_submissions/{made.ids[0]}/approve")
    assert (refused.status, refused.errors[0]["type"]) == (403, "system")
    account.act("create", "user", "P-0900", {"full_name": "Robot", "email": "integration@rehearsal.test"})
    body = {"resolution": {"description": "fine"}}
    done = account.call("PUT", f"/timesheet_submissions/{made.ids[0]}/approve", body).json["timesheet_submissions"][made.ids[0]]
    assert (done["status"], done["current_resolution_description"]) == ("approved", "fine")
    again = account.call("PUT", f"/timesheet_submissions/{made.ids[0]}/reject")
    assert (again.status, again.errors[0]["type"]) == (422, "validation")
    assert set(account.get("/time_entries", approved="").ids) == {str(each) for each in entries}


def test_expense_reports_are_the_callers_own_unless_asked_for_all(account):
    """The index shows the caller's reports; `all_on_account` shows every one."""
    expense = account.spend()
    report = account.submit([expense], "expense_submission")
    account.decide("approve", report, "expense_submission", at=START + 1000)
    assert account.get("/expense_report_submissions").ids == []
    got = account.get("/expense_report_submissions", all_on_account="true", statuses="approved", include="expenses").json
    assert got["expense_report_submissions"][report]["current_resolution_created_at_date"] == "2026-01-01T09:00:01Z"
    shown = got["expenses"][expense]
    assert (shown["amount_in_cents"], shown["approved"], shown["is_billable"]) == (6000, True, True)
    assert account.get("/expenses", approved="", workspace_id=account.workspace).ids == [expense]
    assert account.get("/expenses", updated_after="2026-01-01T09:00:01Z").ids == []


def test_roles_to_fill_are_hidden_unless_asked_for(account):
    """Unnamed resources show up with `include_unnamed` only."""
    roles = {each["name"]: id for id, each in account.get("/roles").json["roles"].items()}
    made = account.create(
        "workspace_resources", "workspace_resource", workspace_id=account.workspace, role_id=roles["ROLE-SENIOR"],
        estimated_minutes=6_000,
    )  # fmt: skip
    asked = {"workspace_id": account.workspace}
    assert account.get("/workspace_resources", **asked).ids == []
    got = account.get("/workspace_resources", **asked, include_unnamed="true").json["workspace_resources"][made]
    assert (got["role_id"], got["label"], got["user_id"], got["estimated_minutes"]) == (
        roles["ROLE-SENIOR"],
        "ROLE-SENIOR",
        None,
        6000,
    )
    row = account.system.row("workspace_resource", f"id:{made}")
    assert (row.role, row.minutes) == ("ROLE-SENIOR", 6000)


def test_milestones_and_their_acceptance(account):
    """Milestones are listed by type and project; the client's acceptance is read as custom field values."""
    stone = account.create(
        "stories", "story", workspace_id=account.workspace, title="S-00042-M1 Go-live", story_type="milestone",
        budget_estimate_in_cents=500_000, fixed_fee=True,
    )  # fmt: skip
    assert account.get("/stories", workspace_id=account.workspace, story_type="milestone").ids == [stone]
    at = {"subject_type": "Story", "subject_id": stone}
    early = account.call("POST", "/custom_field_values", {"custom_field_value": {**at, "custom_field_id": 12, "value": "Ada"}})
    assert (early.status, early.errors[0]["type"]) == (422, "validation")
    account.act("update", "story", f"id:{stone}", {"state": "completed"})
    account.now += 1000
    account.act("update", "story", f"id:{stone}", {"accepted_at": START + 500, "accepted_by": "Ada Client"})
    got = account.get("/custom_field_values", subject_type="Story", with_subject_id=stone, updated_after="2026-01-01T09:00:00Z")
    values = {each["custom_field_name"]: each["value"] for each in got.json["custom_field_values"].values()}
    assert values == {"Accepted At": "2026-01-01T09:00:00.500Z", "Accepted By": "Ada Client"}
    shown = account.get(f"/stories/{stone}", include="custom_field_values").json
    assert shown["stories"][stone]["custom_field_value_ids"] == got.ids
    assert shown["stories"][stone]["state"] == "completed"
    assert account.get("/custom_fields", subject_type="Story").json["count"] == 2
    assert account.get("/custom_field_values").status == 400


def test_employee_numbers_are_custom_field_values_of_users(account):
    """The person's number is read from the account's custom field."""
    got = account.get("/custom_field_values", subject_type="User").json["custom_field_values"].values()
    assert {str(each["subject_id"]): each["value"] for each in got} == {id: number for number, id in account.people.items()}


def test_an_employee_number_is_not_changed_over_the_api(account):
    """A read-only custom field refuses its writer."""
    given = {"subject_type": "User", "subject_id": account.people["P-0001"], "custom_field_id": 21, "value": "P-0666"}
    got = account.call("POST", "/custom_field_values", {"custom_field_value": given})
    assert (got.status, account.system.row("user", "P-0666")) == (403, None)


def test_a_resource_that_is_not_there(account):
    """Unknown ids, routes and methods are 404 in the vendor's shape."""
    for method, path in (("GET", "/workspaces/7"), ("GET", "/workspaces/x"), ("GET", "/nothing"), ("PATCH", "/workspaces"),
                         ("DELETE", "/timesheet_submissions/1"), ("PUT", "/stories/1"), ("GET", "/roles/99")):  # fmt: skip
        got = account.call(method, path, {"story": {"title": "x"}} if method == "PUT" else None)
        assert (got.status, got.errors[0]["type"]) == (404, "system"), path


def test_deleted_is_gone(account):
    """DELETE answers 204 with nothing, and is final."""
    entry = account.book()
    got = account.call("DELETE", f"/time_entries/{entry}")
    assert (got.status, got.body) == (204, b"")
    assert account.get(f"/time_entries/{entry}").status == 404
    assert account.call("DELETE", f"/time_entries/{entry}").status == 404


@pytest.mark.parametrize("token", [None, "", "Bearer", "Bearer nope", "Basic kantata-token", "kantata-token"])
def test_who_has_no_token_is_a_stranger(account, token):
    """401 with the vendor's words, and an x-request-id all the same."""
    got = account.call("GET", "/workspaces", headers={"authorization": token or ""})
    assert (got.status, got.json) == (401, {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]})
    assert got.headers["x-request-id"]


def test_a_revoked_token_is_renewed_by_code(account):
    """Tokens live until revoked; the authorization code buys another."""
    account.system.state.sessions.clear()
    assert account.get("/workspaces").status == 401
    form = {"grant_type": "authorization_code", "code": "kantata-code", "client_id": "rehearsal", "client_secret": "no"}
    assert account.call("POST", "/oauth/token", form).status == 401
    token = account.call("POST", "/oauth/token", form | {"client_secret": "kantata-secret"}).json["access_token"]
    assert account.call("GET", "/workspaces", headers={"authorization": f"Bearer {token}"}).status == 200


def test_too_many_calls_are_told_so_without_a_wait(account):
    """429 has no Retry-After; a window later calls are welcome again."""
    account.system.state.window.most = 2
    account.now += 600_000
    statuses = [account.get("/workspaces").status for _ in range(3)]
    last = account.get("/workspaces")
    assert (statuses, last.status, last.errors[0]["type"]) == ([200, 200, 429], 429, "system")
    assert "retry-after" not in last.headers
    account.now += 61_000
    assert account.get("/workspaces").status == 200


def test_outage_and_brownout_words(account):
    """A strike's refusal is worded by the vendor."""
    from simulators.kernel.records import Refusal

    account.system.strikes["before"].append(lambda system, call: system.refuse(call, Refusal("unavailable", "")))
    got = account.get("/workspaces")
    assert (got.status, got.json) == (503, {"errors": [{"type": "system", "message": "Service is unavailable"}]})


def test_a_form_is_as_good_as_json(account):
    """Rails-style forms are read, nested keys and lists too."""
    entries = [account.book(day=f"2026-01-0{n}") for n in (5, 6)]
    form = f"timesheet_submission[title]=W2&timesheet_submission[workspace_id]={account.workspace}"
    form += f"&timesheet_submission[user_id]={account.people['P-0001']}"
    form += "".join(f"&timesheet_submission[line_item_ids][]={each}" for each in entries)
    got = account.call("POST", "/timesheet_submissions", form.encode(), {"content-type": "application/x-www-form-urlencoded"})
    assert got.status == 200, got.body


def test_an_include_in_the_body_counts(account):
    """Body and query are one to the vendor: what a create includes may stand in either."""
    body = {"story": {"workspace_id": account.workspace, "title": "T"}, "include": "workspace"}
    assert list(account.call("POST", "/stories", body).json["workspaces"]) == [account.workspace]


def test_a_body_without_its_key_is_a_syntax_error(account):
    """The wrapping key is missing: 400 of type syntax."""
    got = account.call("POST", "/stories", {"title": "T"})
    assert (got.status, got.errors[0]["type"]) == (400, "syntax")


def test_missing_fields_are_named_one_by_one(account):
    """422 lists every missing field in the vendor's words."""
    got = account.call("POST", "/time_entries", {"time_entry": {"notes": "x"}})
    assert got.status == 422
    assert got.errors == [
        {"type": "validation", "message": "Workspace id can't be blank", "field": "workspace_id"},
        {"type": "validation", "message": "Date performed can't be blank", "field": "date_performed"},
        {"type": "validation", "message": "Time in minutes can't be blank", "field": "time_in_minutes"},
    ]


def test_domain_fields_are_named_in_the_vendors_words(account):
    """A refused domain field comes back under its vendor name."""
    entry = account.approved()
    got = account.call("PUT", f"/time_entries/{entry}", {"time_entry": {"date_performed": "2026-02-01"}})
    assert (got.status, got.errors[0]["field"]) == (422, "date_performed")
    got = account.create("time_entries", "time_entry", workspace_id=account.workspace, user_id=account.people["P-0001"],
                         date_performed="2026-03-01", time_in_minutes="60")  # fmt: skip
    assert account.system.row("time_entry", f"id:{got}").currency == "USD"


def test_two_systems_of_one_seed_answer_alike():
    """Same seed, same calls: the same bytes and the same digest."""
    from .account import Account

    def run():
        account = Account()
        account.approved()
        answers = [account.get("/time_entries").body, account.get("/subscribed_events").body]
        return answers, account.system.digest()

    assert run() == run()
