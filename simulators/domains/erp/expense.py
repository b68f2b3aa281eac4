"""Expense reports and their lines, billed on to a project's customer at cost. A line is fixed once an invoice has taken it."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal

from .party import JOB
from .period import demand_open
from .reference import TAX_CODE, currency_exists, moved, named, pointed


def report_with_invoiced_lines_is_fixed(records: Records, before: Any, after: Any) -> None:
    if before is None or not (after.deleted or moved(before, after, *REPORT_NAMES)):
        return
    if any(line.invoice_id is not None for line in report_lines(records, after.id)):
        raise Refusal("frozen", "lines of the report are invoiced", field="external_id")


def report_date_is_open(records: Records, before: Any, after: Any) -> None:
    """A report that exists moves its date only between open periods of every subsidiary it charges; lines check it on create."""
    if before is None or not moved(before, after, "tran_date"):
        return
    for line in report_lines(records, after.id):
        job = pointed(records, JOB, line.job_id, "job_id")
        demand_open(records, job.subsidiary_id, before.tran_date)
        demand_open(records, job.subsidiary_id, after.tran_date)


def line_is_well_formed(records: Records, before: Any, after: Any) -> None:
    if after.deleted:
        return
    if after.amount <= 0:
        raise Refusal("bad_value", "an expense is above zero", field="amount", got=after.amount)
    if after.tax_code is not None and moved(before, after, "tax_code"):
        named(records, TAX_CODE, "code", after.tax_code, "tax_code")


def line_fits_project_and_period(records: Records, before: Any, after: Any) -> None:
    if not (after.deleted or moved(before, after, "job_id", "amount", "billable")):
        return
    report = pointed(records, EXPENSE_REPORT, after.report_id, "report_id")
    job = pointed(records, JOB, after.job_id, "job_id")
    if job.inactive and before is None:
        raise Refusal("frozen", f"project {job.external_id or job.id} is inactive", field="job_id", got=job.id)
    if job.currency != report.currency:
        raise Refusal("bad_value", f"the project is billed in {job.currency}", field="currency", got=report.currency)
    demand_open(records, job.subsidiary_id, report.tran_date)


def invoiced_line_is_fixed(_records: Records, before: Any, after: Any) -> None:
    if before is not None and before.invoice_id is not None and (after.deleted or moved(before, after, *LINE_NAMES)):
        raise Refusal("frozen", f"line {before.line} is invoiced", field="invoice_id", got=before.invoice_id)


def report_lines(records: Records, report_id: Any) -> list[Any]:
    return sorted(records.find(EXPENSE_LINE, "report_id", report_id, LINES_MAX), key=lambda row: int(row.line))


def settle_total(records: Records, report: Any, by: str) -> Any:
    """Make the report's total the sum of its lines."""
    return records.change(EXPENSE_REPORT, report, {"total": sum(line.amount for line in report_lines(records, report.id))}, by)


LINES_MAX = 1000
EXPENSE_REPORT = Kind(
    "expense_report",
    (
        Field("external_id", indexed=True, unique=True),
        Field("number", indexed=True),
        Field("employee_id", "ref", required=True, to="employee"),
        Field("tran_date", "date", required=True),
        Field("work_date", "date"),
        Field("currency", required=True),
        Field("memo"),
        Field("total", "money", default=0),
    ),
    rules=(currency_exists, report_with_invoiced_lines_is_fixed, report_date_is_open),
    key="external_id",
)
EXPENSE_LINE = Kind(
    "expense_line",
    (
        Field("report_id", "ref", required=True, indexed=True, to="expense_report"),
        Field("line", "int", required=True),
        Field("job_id", "ref", required=True, indexed=True, to="job"),
        Field("category"),
        Field("amount", "money", required=True),
        Field("billable", "flag", default=1),
        Field("tax_code"),
        Field("memo"),
        Field("invoice_id", "ref", to="invoice"),
    ),
    rules=(line_is_well_formed, line_fits_project_and_period, invoiced_line_is_fixed),
)
REPORT_NAMES = tuple(f.name for f in EXPENSE_REPORT.fields)
LINE_NAMES = tuple(f.name for f in EXPENSE_LINE.fields)
