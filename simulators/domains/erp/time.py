"""Time bills: one approved time entry as finance bills it. Immutable once an invoice has taken it."""

from __future__ import annotations

from typing import Any

from simulators.kernel.records import Field, Kind, Records, Refusal, watching

from .arithmetic import hours_of, net_of
from .party import JOB
from .period import demand_open
from .reference import EMPLOYEE, TAX_CODE, moved, named, pointed

MINUTES_A_DAY = 1440


def invoiced_time_is_fixed(_records: Records, before: Any, after: Any) -> None:
    if before is not None and before.invoice_id is not None and (after.deleted or moved(before, after, *NAMES)):
        raise Refusal("frozen", "the time is invoiced", field="invoice_id", got=before.invoice_id)


def time_is_well_formed(records: Records, before: Any, after: Any) -> None:
    if after.deleted:
        return
    if not 0 < after.minutes <= MINUTES_A_DAY:
        raise Refusal("bad_value", "a duration lies above zero and within a day", field="minutes", got=after.minutes)
    if after.rate is not None and after.rate < 0:
        raise Refusal("bad_value", "a rate is not negative", field="rate", got=after.rate)
    if after.billable and after.rate is None:
        raise Refusal("required", "billable time needs a rate", field="rate")
    if after.tax_code is not None and moved(before, after, "tax_code"):
        named(records, TAX_CODE, "code", after.tax_code, "tax_code")


@watching("job_id", "tran_date", "minutes", "rate", "billable", "deleted")
def project_takes_time(records: Records, before: Any, after: Any) -> None:
    """The project lives and is active, and the day lies in an open period of its subsidiary, when either is set anew."""
    if not (after.deleted or moved(before, after, "job_id", "tran_date", "minutes", "rate", "billable")):
        return
    job = pointed(records, JOB, after.job_id, "job_id")
    if job.inactive and before is None:
        raise Refusal("frozen", f"project {job.external_id or job.id} is inactive", field="job_id", got=job.id)
    for day in {after.tran_date: 0} if before is None else {before.tran_date: 0, after.tran_date: 0}:
        demand_open(records, job.subsidiary_id, day)


@watching("employee_id", "job_id")
def person_works_here(records: Records, before: Any, after: Any) -> None:
    """Time of a person who has left, or of another subsidiary than the project's, is not taken: there is no intercompany time."""
    if after.deleted or not moved(before, after, "employee_id", "job_id"):
        return
    employee = pointed(records, EMPLOYEE, after.employee_id, "employee_id")
    job = pointed(records, JOB, after.job_id, "job_id")
    if employee.inactive or employee.subsidiary_id != job.subsidiary_id:
        raise Refusal("dangling", f"no employee {after.employee_id} for this project", field="employee_id", got=after.employee_id)


def value_of(bill: Any, currency: str) -> int:
    """Return what the time is worth in minor units of `currency`."""
    return net_of(hours_of(bill.minutes), bill.rate or 0, currency)


TIME_BILL = Kind(
    "time_bill",
    (
        Field("external_id", indexed=True, unique=True),
        Field("employee_id", "ref", required=True, to="employee"),
        Field("job_id", "ref", required=True, indexed=True, to="job"),
        Field("item_id", "ref", required=True, to="item"),
        Field("minutes", "int", required=True),
        Field("tran_date", "date", required=True, indexed=True),
        Field("work_date", "date"),
        Field("rate", "rate"),
        Field("billable", "flag", default=1),
        Field("tax_code"),
        Field("memo"),
        Field("invoice_id", "ref", to="invoice"),
    ),
    rules=(invoiced_time_is_fixed, time_is_well_formed, project_takes_time, person_works_here),
    key="external_id",
)
NAMES = tuple(f.name for f in TIME_BILL.fields)
