"""How booked lines (time entries, expenses) are put before an approver: one machine, one set of rules, four verbs.

A line moves only with its submission: submitted with a fresh one, approved or rejected or taken back with the decision on
it. Nobody decides about their own lines. A rejected line goes back to draft and may be submitted again, in a new
submission; the old one stays as it was decided.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from simulators.kernel.records import Field, Kind, Machine, Records, Refusal, Rule, Verb

from .people import USER
from .projects import live_row, moved, open_workspace

LINES_MAX = 500
LINE_MOVES = {
    "draft": ("submitted",),
    "submitted": ("approved", "rejected", "draft"),
    "rejected": ("draft",),
    "approved": ("rejected",),  # withdrawn: only with its submission
}
LINE_MACHINE = Machine("state", "draft", LINE_MOVES, ("draft",))  # there is no way around the approver
SUBMISSION_MOVES = {
    "submitted": ("approved", "rejected", "cancelled"), "approved": ("rejected",), "rejected": (), "cancelled": (),
}  # fmt: skip
SUBMISSION_MACHINE = Machine("state", "submitted", SUBMISSION_MOVES, ("submitted",))
SUBMISSION_FIELDS = (
    Field("workspace_id", "ref", required=True, indexed=True, to="workspace"),
    Field("user_id", "ref", required=True, indexed=True, to="user"),
    Field("start_on", "date", indexed=True),
    Field("end_on", "date"),
    Field("state", "state", indexed=True),
    Field("approver_id", "ref", to="user"),
    Field("decided_at", "instant", indexed=True),
    Field("title"),
    Field("comment"),
)


def fixed_once_submitted(*fields: str) -> Rule:
    """Build the rule that `fields` change only while the line is a draft or was rejected."""

    def rule(_records: Records, before: Any, after: Any) -> None:
        if before is None or before.state in ("draft", "rejected"):
            return
        for name in fields:
            if getattr(before, name) != getattr(after, name):
                raise Refusal("frozen", f"{name} is fixed once {before.state}", field=name)

    return rule


def stays_when_decided(_records: Records, before: Any, after: Any) -> None:
    """An approved or waiting line is not deleted."""
    if before is not None and after.deleted and before.state in ("submitted", "approved"):
        raise Refusal("frozen", f"a line that is {before.state} is not deleted", field="state", got=before.state)


def moves_with_submission(submission: Callable[[], Kind]) -> Rule:
    """Build the rule that a line's state follows the submission it names."""

    def rule(records: Records, before: Any, after: Any) -> None:
        if before is None or after.state in (before.state, "draft"):
            return
        held = live_row(records, submission(), after.submission_id, "submission_id")
        if held.state != after.state:
            raise Refusal(
                "illegal_transition", f"its submission is {held.state}, not {after.state}", field="state", got=after.state
            )
        if (held.workspace_id, held.user_id) != (after.workspace_id, after.user_id):
            raise Refusal("bad_value", "the submission is of another project or person", field="submission_id", got=held.id)

    return rule


def decided_by_another(_records: Records, before: Any, after: Any) -> None:
    """A decision names its instant and its approver, who is not the owner; a made decision stands, unless an approval is withdrawn."""
    if after.state in ("approved", "rejected"):
        if after.approver_id is None or after.decided_at is None:
            raise Refusal("required", "a decision needs approver and instant", field="approver_id")
        if after.approver_id == after.user_id:
            raise Refusal("own_time", "own lines are approved by somebody else", field="approver_id", got=after.approver_id)
    if before is None:
        return
    if (before.state, after.state) == ("approved", "rejected") and not moved(before, after, "user_id", "workspace_id"):
        return
    if before.state != "submitted" and moved(before, after, "state", "approver_id", "decided_at", "user_id", "workspace_id"):
        raise Refusal("frozen", f"a submission that was {before.state} is fixed", field="state", got=before.state)


def opens_submitted(records: Records, before: Any, after: Any) -> None:
    """A submission starts in an open workspace, with its dates in order."""
    if before is not None:
        return
    open_workspace(records, after.workspace_id)
    if after.start_on and after.end_on and after.end_on < after.start_on:
        raise Refusal("bad_value", "end before start", field="end_on", got=after.end_on)


def submission_kind(name: str, verbs: dict[str, Verb]) -> Kind:
    """Build a submission kind; timesheets and expense reports differ in name and lines only."""
    return Kind(name, SUBMISSION_FIELDS, machine=SUBMISSION_MACHINE, rules=(opens_submitted, decided_by_another), verbs=verbs)


def verbs_over(line: Callable[[], Kind], submission: Callable[[], Kind], day: str) -> dict[str, Verb]:
    """Build submit, approve, reject, cancel and withdraw over lines of kind `line()`, dated by field `day`; each is all or nothing."""

    def submit(records: Records, _row: Any, values: dict[str, Any], user: str, _at: int) -> Any:
        values = dict(values)
        ids = values.pop("entries", None)
        lines = gather(records, line(), ids)
        start_on, end_on = weeks_of([getattr(each, day) for each in lines])
        values = {"start_on": start_on, "end_on": end_on, **values}
        held = records.create(submission(), values, user)
        for each in lines:
            if each.state == "rejected":
                each = records.change(line(), each, {"state": "draft"}, user)
            records.change(line(), each, {"state": "submitted", "submission_id": held.id}, user)
        return held

    def decide(state: str) -> Verb:
        def verb(records: Records, row: Any, values: dict[str, Any], user: str, at: int) -> Any:
            known(row, submission())
            waiting(row, state)
            approver = values.get("approver_id") or person(records, user)
            made = {"state": state, "approver_id": approver, "decided_at": at, **comment_of(values)}
            decided = records.change(submission(), row, made, user)
            stamp = {"approved_at": at, "approved_by": approver} if state == "approved" else {}
            for each in lines_of(records, line(), row.id):
                records.change(line(), each, {"state": state, **stamp}, user)
            return decided

        return verb

    def withdraw(records: Records, row: Any, values: dict[str, Any], user: str, at: int) -> Any:
        """Take an approval back: the submission and its lines count as rejected from now on."""
        known(row, submission())
        if row.state != "approved":
            raise Refusal(
                "illegal_transition", f"only an approval is withdrawn, this is {row.state}", field="state", got=row.state
            )
        made = {"state": "rejected", "approver_id": person(records, user), "decided_at": at, **comment_of(values)}
        taken = records.change(submission(), row, made, user)
        for each in lines_of(records, line(), row.id, "approved"):
            records.change(line(), each, {"state": "rejected", "approved_at": None, "approved_by": None}, user)
        return taken

    def cancel(records: Records, row: Any, values: dict[str, Any], user: str, at: int) -> Any:
        known(row, submission())
        done = records.change(submission(), row, {"state": "cancelled", "decided_at": at, **comment_of(values)}, user)
        for each in lines_of(records, line(), row.id):
            records.change(line(), each, {"state": "draft"}, user)
        return done

    decisions = {"approve": decide("approved"), "reject": decide("rejected")}
    return {"submit": submit, **decisions, "cancel": cancel, "withdraw": withdraw}


def known(row: Any, kind: Kind) -> None:
    """Refuse a decision about nothing."""
    if row is None:
        raise Refusal("missing", f"no such {kind.name}", field="id")


def waiting(row: Any, state: str) -> None:
    """Refuse a decision about what is decided."""
    if row.state != "submitted":
        raise Refusal("illegal_transition", f"a submission that is {row.state} does not become {state}", field="state", got=state)


def comment_of(values: dict[str, Any]) -> dict[str, Any]:
    """Return the comment of a decision, if one was given."""
    return {"comment": values["comment"]} if values.get("comment") else {}


def gather(records: Records, kind: Kind, ids: Any) -> list[Any]:
    """Return the live lines to submit, in the order given; refuse none, too many, twice the same, or one already under way."""
    if not isinstance(ids, (list, tuple)) or not ids:
        raise Refusal("required", "a submission needs at least one line", field="entries")
    if len(ids) > LINES_MAX:
        raise Refusal("too_many", f"a submission holds at most {LINES_MAX} lines", field="entries", got=len(ids))
    known = [records.id_of(id.removeprefix("id:")) if isinstance(id, str) else id for id in ids]
    if any(isinstance(id, bool) or not isinstance(id, (int, str)) for id in known):
        raise Refusal("wrong_type", "lines are named by id", field="entries")
    if len(set(known)) != len(known):
        raise Refusal("duplicate", "a line is named twice", field="entries")
    lines = [live_row(records, kind, id, "entries") for id in known]
    for each in lines:
        if each.state not in ("draft", "rejected"):
            raise Refusal("illegal_transition", f"line {each.id} is {each.state}", field="entries", got=each.id)
    return lines


def weeks_of(days: list[str]) -> tuple[str, str]:
    """Return the Monday before the first day and the Sunday after the last."""
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    return (first - timedelta(first.weekday())).isoformat(), (last + timedelta(6 - last.weekday())).isoformat()


def is_a_day(text: Any) -> bool:
    """Say whether a text is a date as we write it."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def dated(field: str) -> Rule:
    """Build the rule that a line has a real date."""

    def rule(_records: Records, before: Any, after: Any) -> None:
        if moved(before, after, field) and not is_a_day(getattr(after, field)):
            raise Refusal("bad_value", "a date is written YYYY-MM-DD", field=field, got=getattr(after, field))

    return rule


def lines_of(records: Records, kind: Kind, submission_id: Any, state: str = "submitted") -> list[Any]:
    """Return the lines that wait with this submission (or are in another state), by id."""
    return [each for each in records.find(kind, "submission_id", submission_id, LINES_MAX) if each.state == state]


def person(records: Records, user: str) -> Any:
    """Return the id of the person who acts, known by number or by email; refuse a stranger to the staff list."""
    found = records.one(USER, "number", user) or records.one(USER, "email", user)
    if found is None:
        raise Refusal("forbidden", f"{user} may not decide about submissions", field="approver_id", got=user)
    return found.id
