"""One shape for everything that goes wrong: {code, class, retryable, owner, remediation, detail}.

Bugs of ours are not dressed up as answers: they raise, and the server logs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from orchestrator.errors import BusinessException, Conflict, Denied, Full, Missing, StoreError, Transient, Unknown

RETRY_AFTER_S = 60


class Problem(Exception):
    """An answer that is no success. `status` is the HTTP status; the rest is the problem shape."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: Any,
        *,
        remediation: str = "",
        owner: str = "consumer",
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.status, self.code, self.detail = status, code, detail
        self.remediation, self.owner, self.retry_after_s = remediation, owner, retry_after_s


def answer(problem: Problem) -> JSONResponse:
    """The response that tells a problem."""
    retryable = problem.status in (429, 503)
    kind = "technical" if retryable else "request"
    body = {
        "code": problem.code,
        "class": kind,
        "retryable": retryable,
        "owner": problem.owner,
        "remediation": problem.remediation or _REMEDIES.get(problem.status, "correct the request"),
        "detail": problem.detail,
    }
    headers = {} if problem.retry_after_s is None else {"retry-after": str(problem.retry_after_s)}
    return JSONResponse(body, problem.status, headers)


def install(app: FastAPI) -> None:
    """Answer every refusal of the app in the one shape."""

    async def told(_request: Request, error: Exception) -> JSONResponse:
        return answer(_translated(error))

    refusals = (Missing, Conflict, Denied, Full, BusinessException, Transient, Unknown, StoreError)
    for kind in (Problem, *refusals, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, told)


def _translated(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Full):
        return Problem(503, "full", str(error), owner="platform", retry_after_s=error.retry_after_s)
    if isinstance(error, Transient | Unknown):  # what was asked for needs a system that does not answer now; asking again does it
        return Problem(503, "unavailable", str(error), owner="platform", retry_after_s=RETRY_AFTER_S)
    if isinstance(error, StoreError):  # another program has taken over, and this one is about to stop
        return Problem(503, "taken_over", str(error), owner="platform", retry_after_s=RETRY_AFTER_S)
    if isinstance(error, BusinessException):
        return Problem(422, error.code, error.why)
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _CODES.get(error.status_code, "refused"), error.detail)
    status = 404 if isinstance(error, Missing) else 409 if isinstance(error, Conflict) else 403
    return Problem(status, _CODES[status], str(error))


def _invalid(error: RequestValidationError) -> Problem:
    """Name every field that is wrong, without repeating what was sent."""
    wrong = [{"field": ".".join(str(part) for part in e["loc"]), "problem": e["msg"]} for e in error.errors()]
    unreadable = any(e["type"] == "json_invalid" for e in error.errors())
    return Problem(400 if unreadable else 422, "malformed", wrong)


_CODES: Mapping[int, str] = {403: "denied", 404: "missing", 405: "no_method", 409: "conflict", 413: "too_large", 429: "throttled"}
_REMEDIES: Mapping[int, str] = {
    400: "send a readable body",
    401: "send a bearer token this orchestrator knows",
    403: "ask somebody whose role and authority cover this",
    404: "check the key",
    409: "read the current state first",
    413: "send a smaller body",
    422: "correct the named fields",
    429: "come back after the time in Retry-After",
    503: "come back after the time in Retry-After; nothing was taken and nothing is lost",
}
