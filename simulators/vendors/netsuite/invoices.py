"""Making invoices: by transform from a sales order or a project, or from a body of their own. Posted at once; afterwards fixed.

A project's unbilled time and expenses are candidates in the sublists `time` and `expCost`; only those ticked `apply` are billed.
A sales order's lines are all billed, unless `?replace=item` keeps the listed ones only (keyed by `orderLine`).
Source: Transforming Records, Creating a Sublist, and the 2026.1 schemas of invoice-timeElement and -expCostElement (read 2026-11).
"""

from __future__ import annotations

from collections.abc import Callable

from simulators.domains.erp import billing
from simulators.domains.erp.expense import report_lines
from simulators.domains.erp.invoice import INVOICE, INVOICE_LINE
from simulators.domains.erp.order import order_lines
from simulators.domains.erp.party import CUSTOMER, JOB
from simulators.kernel.records import Refusal, Row

from .codecs import pointer
from .parties import today
from .record_type import Body, Item, RecordType
from .state import Account
from .sublists import worded
from .written import pointed_at

OVERRIDES = ("external_id", "due_on", "terms_id", "memo", "sow_number")
FIXED_BY_SOURCE = ("customer_id", "job_id", "subsidiary_id", "currency")
LINES_MAX = 10_000


def from_order(system: Account, order: Row, body: Body) -> Row:
    heading = billing.heading_of_order(system.records, order, body.values.get("tran_date") or today(system))
    drafts = [billing.order_draft(line, order) for line in chosen_lines(system, order, body)]
    return post(system, heading, [*drafts, *applied(system, heading.job, body)], body)


def from_job(system: Account, job: Row, body: Body) -> Row:
    heading = billing.heading_of_job(system.records, job, body.values.get("tran_date") or today(system))
    return post(system, heading, [*applied(system, job, body), *free_lines(system, body)], body)


def create_invoice(system: Account, _record: RecordType, body: Body) -> Row:
    """An invoice of its own: for a project (then time and expenses may apply) or for a customer with free lines."""
    records, values = system.records, body.values
    tran_date = values.get("tran_date") or today(system)
    if values.get("job_id") is not None:
        job = records.live(JOB, values["job_id"])
        if values["customer_id"] != job.customer_id:
            raise Refusal("bad_value", "the project belongs to another customer", field="job_id", got=job.id)
        return from_job(system, job, body)
    customer = records.live(CUSTOMER, values["customer_id"])
    heading = billing.Heading(customer, tran_date, values.get("currency") or customer.currency, terms_id=customer.terms_id)
    return post(system, heading, [*applied(system, None, body), *free_lines(system, body)], body)


def post(system: Account, heading: billing.Heading, drafts: list[billing.Draft], body: Body) -> Row:
    """Let the body override what it may, and nothing that the source decides."""
    said = {name: body.values[name] for name in OVERRIDES if body.values.get(name) is not None}
    source = {"customer_id": heading.customer.id, "job_id": heading.job and heading.job.id, "subsidiary_id": heading.customer.subsidiary_id,
              "currency": heading.currency}  # fmt: skip
    for name in FIXED_BY_SOURCE:
        if body.values.get(name) not in (None, source[name]):
            raise Refusal("bad_value", "the source of the invoice says otherwise", field=name, got=body.values[name])
    return billing.raise_invoice(
        system.records, billing.retold(heading, **said, extra=body.values.get("extra")), drafts, body.user
    )


def chosen_lines(system: Account, order: Row, body: Body) -> list[Row]:
    """All lines not yet invoiced, or with `?replace=item` the listed ones. Raises Refusal for a line that is not there, or is billed."""
    lines = order_lines(system.records, order.id)
    items = body.sublists.get("item", [])
    listed = [listed_line(lines, item, place) for place, item in enumerate(items)]
    if len({line.id for line in listed}) < len(listed):
        raise Refusal("bad_value", "a line is listed twice", field="item", got=len(listed))
    return listed if "item" in body.replace and items else [line for line in lines if line.billable and not line.invoiced]


def listed_line(lines: list[Row], item: Item, place: int) -> Row:
    number = item.get("orderLine", item.get("line"))
    line = next((each for each in lines if type(number) is int and each.line == number), None)
    path = f"item.items[{place}].orderLine"
    if line is None:
        raise Refusal("dangling", "no such line on the order", field=path, got=number)
    if line.invoiced:
        raise Refusal("frozen", f"line {number} of the order is already invoiced", field=path, got=number)
    for name, scale in (("quantity", 100), ("amount", 100)):
        given = item.get(name)
        if given is not None and (type(given) not in (int, float) or round(given * scale) != getattr(line, name)):
            raise Refusal("bad_value", "an order line is invoiced whole", field=f"item.items[{place}].{name}", got=given)
    return line


def free_lines(system: Account, body: Body) -> list[billing.Draft]:
    """Lines that stand for themselves: item, quantity, rate or amount, tax code."""
    drafts = []
    for place, item in enumerate(body.sublists.get("item", [])):
        values = worded(system, "invoice-item", item, ("item", place), moment="c", strict=body.strict)
        if values.get("net") is None and values.get("rate") is None:
            raise Refusal("required", "a line needs an amount, or a rate", field=f"item.items[{place}].amount")
        quantity = values.get("quantity", billing.HUNDRED)
        if quantity < 0 or (values.get("rate") or 0) < 0 or (values.get("net") or 0) < 0:
            raise Refusal(
                "bad_value", "an invoice line is not negative", field=f"item.items[{place}].amount", got=values.get("net")
            )
        drafts.append(billing.Draft(values.get("source"), values["item_id"], values.get("description"), quantity,
                                    values.get("rate"), values.get("net"), values.get("tax_code"), values.get("work_date")))  # fmt: skip
    return drafts


def applied(system: Account, job: Row | None, body: Body) -> list[billing.Draft]:
    """The ticked time bills and expense lines, each once, in the order given."""
    records, drafts, seen = system.records, [], set()
    for name, find in (("time", time_of), ("expcost", expense_of)):
        for place, item in enumerate(body.sublists.get(name, [])):
            path = f"{'time' if name == 'time' else 'expCost'}.items[{place}]"
            if not ticked(item, path):
                continue
            if job is None:
                raise Refusal("bad_value", "time and expenses are billed for a project", field=path, got=name)
            row = find(system, item, path)
            if (name, row.id) in seen:
                raise Refusal("bad_value", "it is listed twice", field=path, got=row.id)
            seen.add((name, row.id))
            drafts.append(billing.time_draft(records, row, job) if name == "time" else billing.expense_draft(records, row, job))
    return drafts


def ticked(item: Item, path: str) -> bool:
    given = item.get("apply", False)
    if type(given) is not bool:
        raise Refusal("wrong_type", "apply is true or false", field=path + ".apply", got=given)
    unknown = next((name for name in item if name not in CANDIDATE_NAMES), None)
    if unknown is not None:
        raise Refusal("unknown_field", f"no {unknown} on this sublist", field=f"{path}.{unknown}", got=unknown)
    return given


CANDIDATE_NAMES = frozenset(("doc", "apply", "line", "links", "memo", "refName"))


def document_of(system: Account, record: str, item: Item, path: str) -> Row:
    try:
        found = pointed_at(system, system.state.types[record], pointer(item.get("doc")))
    except ValueError as error:
        raise Refusal("wrong_type", str(error), field=path + ".doc", got=item.get("doc")) from error
    if found is None:
        raise Refusal("dangling", f"no {record}", field=path + ".doc", got=item.get("doc"))
    return found


def time_of(system: Account, item: Item, path: str) -> Row:
    return document_of(system, "timebill", item, path)


def expense_of(system: Account, item: Item, path: str) -> Row:
    """One line of an expense report: `doc` is the report, `line` its line (default: its only one)."""
    lines = report_lines(system.records, document_of(system, "expensereport", item, path).id)
    number = item.get("line")
    if number is None and len(lines) == 1:
        return lines[0]
    line = next((each for each in lines if type(number) is int and each.line == number), None)
    if line is None:
        raise Refusal("dangling", "no such line on the report", field=path + ".line", got=number)
    return line


def update_invoice(system: Account, _record: RecordType, row: Row, body: Body) -> Row:
    """A posted invoice: saying again what it says is no change; anything else is refused by the domain."""
    for name, items in body.sublists.items():
        if not said_again(system, row, name, items):
            raise Refusal("frozen", "lines of a posted invoice are fixed; raise a credit memo", field=name, got=name)
    return system.records.change(INVOICE, row, body.values, body.user)


def said_again(system: Account, row: Row, name: str, items: list[Item]) -> bool:
    """Do these candidates tick nothing but what the invoice has already billed?"""
    lines = invoice_lines(system, row)
    if name == "time":
        return {time_of(system, i, name).id for i in items if ticked(i, name)} <= {line.time_bill_id for line in lines}
    if name == "expcost":
        return {expense_of(system, i, name).id for i in items if ticked(i, name)} <= {line.expense_line_id for line in lines}
    return not items


def invoice_lines(system: Account, row: Row) -> list[Row]:
    return sorted(system.records.find(INVOICE_LINE, "invoice_id", row.id, LINES_MAX), key=lambda line: int(line.line))


TRANSFORMS: dict[tuple[str, str], Callable[[Account, Row, Body], Row]] = {
    ("salesorder", "invoice"): from_order,
    ("job", "invoice"): from_job,
}
