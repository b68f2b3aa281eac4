"""What the other systems show of the ERP: soon enough, never going back, and equal in the end."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from scenarios.oracle.books import Row
from scenarios.oracle.completeness import NO_CLAIMS, exception_spans
from scenarios.oracle.contract import Contract, Invoice, when
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.hours import Hours, merged, overlap_ms
from scenarios.oracle.money import net_of_minutes
from scenarios.oracle.trouble import troubles
from scenarios.oracle.view import SETTLED, View

MINUTE_MS = 60_000
LAG_MS_MAX, STRATEGIC_LAG_MS_MAX = 15 * MINUTE_MS, 5 * MINUTE_MS
FAR = 2**62
ERP_NAME_MAX = 83
LANE = "mirror:crm"  # the subject of a case that holds up every invoice's mirror
NOTHING = "nothing"
UNSHOWABLE = frozenset({"SEVERAL_MATCHES", "FORBIDDEN"})  # codes of a case that can be about the CRM's own record
SAME = {"paid_in_full": "paid", "partially_paid": "partially_paid", "partial": "partially_paid"}
Deadline = Callable[[int], int]


class Shown(NamedTuple):
    """A status and from when until when it stood."""

    status: str
    begin: int
    end: int


def plain_status(status: Any) -> str:
    """A status without the vendor's way of writing it."""
    word = str(status or "").strip().lower().replace(" ", "_")
    return SAME.get(word, word)


def mirrored(view: View) -> Iterator[tuple[Contract, Invoice, str, Row]]:
    """(contract, invoice, mirror id, mirror row) for every invoice the CRM shows."""
    shown = {str(row.get("key")): (id, row) for id, row in view.books.live("crm", "invoice_mirror")}
    for contract in view.contracts.values():
        for invoice in contract.invoices:
            found = shown.get(str(invoice.row.get("external_id"))) or shown.get(str(invoice.row.get("number")))
            if found:
                yield contract, invoice, *found


def business_hours(view: View) -> Hours:
    """When any entity of the run is at work and neither CRM nor ERP is in trouble."""
    entities = [e for e in dict.fromkeys(c.entity for c in view.contracts.values()) if e]
    return Hours(entities, view.trail.first_at, view.trail.last_at, troubles(view.trail, ("crm", "erp")))


def deadline_of(hours: Hours, contract: Contract) -> Deadline:
    """The function from an instant to when the CRM must have followed; FAR when that lies beyond all days."""
    allowed = STRATEGIC_LAG_MS_MAX if contract.account.get("segment") == "strategic" else LAG_MS_MAX

    def deadline(since: int) -> int:
        found = hours.deadline(since, allowed)
        return FAR if found is None else found

    return deadline


def standing(timeline: list[tuple[int, Any]], end: int) -> list[Shown]:
    """A timeline of statuses as spans; writing the same status again is no change."""
    found: list[Shown] = []
    for at, value in timeline:
        status = plain_status(value)
        if found and found[-1].status == status:
            continue
        if found:
            found[-1] = found[-1]._replace(end=at)
        found.append(Shown(status, at, end))
    return [span for span in found if span.end > span.begin]


def statuses(view: View) -> Facts:
    """INV-34: at no instant does the CRM show a status that the ERP did not have within the last 15 (5) minutes."""
    if not view.invoices:
        raise CanNotJudge("no invoice was made")
    facts, hours = Facts(), business_hours(view)
    mirrors = {invoice.id: id for _, invoice, id, _ in mirrored(view)}
    for contract in view.contracts.values():
        deadline = deadline_of(hours, contract)
        for invoice in contract.invoices:
            follow(view, facts, invoice, mirrors.get(invoice.id), deadline)
    return facts


def follow(view: View, facts: Facts, invoice: Invoice, mirror: str | None, deadline: Deadline) -> None:
    """Judge every status the CRM showed of one invoice, "nothing" before the first: gone before its deadline?"""
    last = view.trail.last_at
    truth = standing(view.books.timeline("erp", "invoice", invoice.id, "status"), FAR)
    copy = standing(view.books.timeline("crm", "invoice_mirror", mirror, "status"), last) if mirror else []
    with_people = exception_spans(view, str(invoice.row.get("external_id")))  # the CRM refused it, and somebody has to mend that
    with_people += exception_spans(view, LANE)  # it refused everything of ours: a right was taken away
    made, first = int(invoice.row["_at"]), copy[0].begin if copy else last
    for shown in [Shown(NOTHING, made, max(made, first)), *copy]:
        spans = [(made, deadline(made))] if shown.status == NOTHING else []
        spans += [(s.begin, FAR if s.end == FAR else deadline(s.end)) for s in truth if s.status == shown.status]
        spans += [(begin, deadline(end)) for begin, end in with_people]
        allowed = next((end for begin, end in merged(spans) if begin <= shown.begin <= end), 0)
        facts.expect(
            shown.end <= allowed,
            f"{invoice.name} was shown as {shown.status} until {when(shown.end)}; that was true or excused until {when(allowed)}",
        )


def delivery_status(view: View) -> Facts:
    """INV-35: the account team sees a project active soon after it is, and an exception while it stands."""
    if not view.has_claims:
        raise CanNotJudge(NO_CLAIMS)
    facts, away = Facts(), troubles(view.trail, ("crm", "psa", "erp"))
    rows = {str(row.get("number")): (id, row) for id, row in view.books.live("crm", "sow")}
    for contract in view.contracts.values():
        active = contract.active_at
        if active is None or not contract.is_due:
            continue
        id, row = rows.get(contract.number, ("", {}))
        line = view.books.timeline("crm", "sow", id, "delivery_status")
        first = next((at for at, value in line if value == "Active"), None)
        late = (first or view.trail.last_at) - active
        late -= overlap_ms((active, active + max(0, late)), away)
        facts.expect(
            late <= LAG_MS_MAX and (row.get("delivery_status") == "Active" or view.is_open(contract.number)),
            f"{contract.number} stood {when(active)}; the CRM shows {row.get('delivery_status')}, Active since {when(first)}",
        )
    for claimed in view.exceptions:
        if str(claimed.get("run", "")).startswith("activate") and str(claimed.get("subject")) in rows:
            stands_out(view, facts, claimed, rows[str(claimed["subject"])][0])
    return facts


def stands_out(view: View, facts: Facts, claimed: dict[str, Any], sow: str) -> None:
    """A set-up that stands with people for longer than the lag is shown as Exception before they are done with it.

    Where the CRM refused that very write (several records of one number, a right taken away), the case is about it: a person has to mend
    the record before anything can be shown on it.
    """
    acts = view.desk.get(str(claimed.get("id")), [])
    opened, end = int(claimed.get("opened_at") or 0), max((act.at for act in acts), default=view.trail.last_at)
    away = troubles(view.trail, ("crm",))
    if claimed.get("state") in SETTLED and end - opened - overlap_ms((opened, end), away) <= LAG_MS_MAX:
        return
    number = str(claimed.get("subject"))
    if claimed.get("code") in UNSHOWABLE and any(
        opened - MINUTE_MS <= at <= opened + LAG_MS_MAX for at in view.trail.traffic.refused.get(("crm", number), ())
    ):
        facts.checked += 1
        return
    line = view.books.timeline("crm", "sow", sow, "delivery_status")
    before = next((value for at, value in reversed(line) if at <= opened), None)
    later = next((at for at, value in line if value == "Exception" and at > opened), None)
    seen = opened if before == "Exception" else later
    late = (seen if seen is not None else end) - opened
    late -= overlap_ms((opened, opened + max(0, late)), away)
    facts.expect(
        seen is not None and late <= LAG_MS_MAX,
        f"{number} stood with people from {when(opened)}; the CRM showed Exception {when(seen)}",
    )


def monotonic(view: View) -> Facts:
    """INV-37: a mirror never goes back to an older version or status of its source, nor from Active to Requested."""
    facts = Facts()
    invoices = {str(i.row.get(name)): i for i in view.invoices.values() for name in ("number", "external_id")}
    for id, row in view.books.live("crm", "invoice_mirror"):
        line = view.books.timeline("crm", "invoice_mirror", id, "source_version")
        for (_, held), (at, version) in itertools.pairwise(line):
            facts.expect(
                int(version or 0) >= int(held or 0), f"{row.get('key')} went back from version {held} to {version} {when(at)}"
            )
        forwards(view, facts, ("crm", "invoice_mirror", id), invoices.get(str(row.get("key"))))
    for id, row in view.books.live("psa", "external_reference"):
        if row.get("service_model") == "invoice":
            forwards(view, facts, ("psa", "external_reference", id), invoices.get(str(row.get("service_model_ref"))))
    for id, row in view.books.live("crm", "sow"):
        values = [value for _, value in view.books.timeline("crm", "sow", id, "delivery_status") if value]
        for held, value in itertools.pairwise(values):
            facts.expect((held, value) != ("Active", "Requested"), f"{row.get('number')} went back from Active to Requested")
    return facts


def forwards(view: View, facts: Facts, mirror: tuple[str, str, str], invoice: Invoice | None) -> None:
    """The statuses a mirror shows come in the order in which the ERP had them; some may be left out."""
    if invoice is None:
        return
    truth = [s.status for s in standing(view.books.timeline("erp", "invoice", invoice.id, "status"), FAR)]
    place = 0
    for shown in standing(view.books.timeline(*mirror, "status"), FAR):
        later = next((n for n, status in enumerate(truth) if n >= place and status == shown.status), None)
        facts.expect(
            later is not None, f"{invoice.name} went back to {shown.status} in the {mirror[0].upper()} {when(shown.begin)}"
        )
        place = place if later is None else later


def convergence(view: View) -> Facts:
    """INV-38: in the end every mirrored field equals its source, but for subjects with an open exception."""
    facts, hours = Facts(), business_hours(view)
    shown = {invoice.id: row for _, invoice, _, row in mirrored(view)}
    sows = {str(row.get("number")): (id, row) for id, row in view.books.live("crm", "sow")}
    open_work = unbilled(view)
    for contract in view.contracts.values():
        if view.is_open(contract.number):
            continue
        deadline, (sow, mirror) = deadline_of(hours, contract), sows.get(contract.number, ("", {}))
        for invoice in contract.invoices:
            if deadline(int(invoice.row.get("_changed") or invoice.row["_at"])) > view.trail.last_at:
                continue
            row = shown.get(invoice.id)
            facts.expect(row is not None, f"{invoice.name} of {contract.number} is not in the CRM")
            if row is not None:
                compare(facts, f"{invoice.name} in the CRM", row, {**copied(invoice.row), "sow_id": sow})
            references(view, facts, contract, invoice)
        if contract.live_jobs and mirror:
            codes = [row["external_id"] for _, row in contract.live_jobs if row.get("external_id")]
            billed = sum(int(i.row.get("net") or 0) for i in contract.invoices)
            wanted = {"billed_to_date": billed, "unbilled": open_work.get(contract.number, 0)}
            compare(facts, f"{contract.number} in the CRM", mirror, wanted)
            if codes:
                compare(facts, f"{contract.number} in the CRM", mirror, {"project_code": codes[0]})
        names(view, facts, contract)
    phantoms(view, facts)
    return facts


def names(view: View, facts: Facts, contract: Contract) -> None:
    """Names arrive sign for sign: the deal's in the project's title, the account's as the customer was made (the ERP holds 83 signs)."""
    told = str(contract.opportunity.get("name") or "")
    for _, row in contract.live_workspaces if told else ():
        wanted = f"{contract.number} {told}".strip()
        facts.expect(
            row.get("title") == wanted, f"the project of {contract.number} is called {row.get('title')!r}, not {wanted!r}"
        )
    named = str(contract.account.get("name") or "")
    for _, row in contract.live_jobs if named else ():
        line = view.books.timeline("erp", "customer", str(row.get("customer_id")), "name")
        facts.expect(
            not line or line[0][1] == named[:ERP_NAME_MAX],
            f"the customer of {contract.number} was made as {line[0][1] if line else ''!r}, the account is called {named!r}",
        )


def copied(row: Row) -> dict[str, Any]:
    """The fields of an invoice that the CRM copies, as the ERP has them."""
    return {
        "number": row.get("number"),
        "status": plain_status(row.get("status")),
        "gross": row.get("gross"),
        "open": row.get("open_balance"),
        "currency": row.get("currency"),
        "due_on": row.get("due_on"),
        "source_version": row.get("_version"),
    }


def unbilled(view: View) -> dict[str, int]:
    """{SOW: minor units} that stand in the ERP to be billed: billable time at its rate and expenses, on no invoice yet."""
    numbers = {id: contract.number for contract in view.contracts.values() for id, _ in contract.jobs}
    found: dict[str, int] = {}
    for kind in ("time_bill", "expense_line"):
        for _, row in view.books.live("erp", kind):
            if row.get("billable") and row.get("invoice_id") is None:
                number = numbers.get(str(row.get("job_id")), "")
                worth = row.get("amount")
                net = net_of_minutes(int(row["minutes"]), int(row.get("rate") or 0)) if worth is None else int(worth)
                found[number] = found.get(number, 0) + net
    return found


def compare(facts: Facts, where: str, row: Row, wanted: dict[str, Any]) -> None:
    """Judge field by field; an amount nobody wrote yet is nothing."""
    for name, value in wanted.items():
        got = plain_status(row.get(name)) if name == "status" else row.get(name)
        facts.expect(got == value or (value == 0 and got is None), f"{where}: {name} is {got!r}, the ERP has {value!r}")


def references(view: View, facts: Facts, contract: Contract, invoice: Invoice) -> None:
    """The project in the PSA refers to the invoice, with the ERP's last status."""
    spaces = {id for id, _ in contract.live_workspaces}
    names = {str(invoice.row.get("number")), str(invoice.row.get("external_id"))}
    found = [row for name in names for row in view.references.get(name, ()) if str(row.get("subject_id")) in spaces]
    facts.expect(len(found) == 1 or not spaces, f"{invoice.name} of {contract.number} has {len(found)} references in the PSA")
    for row in found:
        seen, wanted = plain_status(row.get("status")), plain_status(invoice.row.get("status"))
        facts.expect(seen == wanted, f"{invoice.name} is {seen!r} in the PSA, {wanted!r} in the ERP")


def phantoms(view: View, facts: Facts) -> None:
    """Neither CRM nor PSA shows an invoice that the ERP does not have, nor two of one."""
    known = {str(i.row.get(name)) for i in view.invoices.values() for name in ("number", "external_id")}
    keys: set[str] = set()
    for _, row in view.books.live("crm", "invoice_mirror"):
        key = str(row.get("key"))
        facts.expect(key in known and key not in keys, f"the CRM shows {key}, which the ERP does not have, or shows it twice")
        keys.add(key)
    for name in view.references:
        facts.expect(name in known, f"the PSA refers to invoice {name}, which the ERP does not have")
