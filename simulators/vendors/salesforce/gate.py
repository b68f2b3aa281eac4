"""The stages of this room's own: is the version served, is the body JSON, is there allotment left; and GET /limits.

The allotment is the org's, over any 24 hours; a refusal carries no Retry-After, and every answer says how much is used.
Source: reference 1.10, 2026-11-20.
"""

from __future__ import annotations

from simulators.kernel.calls import Call, Lost, Outcome, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from .errors import JSON
from .state import Org

DATA = "/services/data/"
USUAL_TYPE = b"application/json"
TAKEN_TYPES = ("application/json", "text/json")


def known_version(system: System[Org], call: Call) -> Outcome:
    """A version that is not served, or not written vNN.0, is no resource; a retired one is gone."""
    if not call.args or not call.path.startswith(DATA):
        return None
    number, _, minor = call.args[0].removeprefix("v").partition(".")
    served = system.settings.versions
    if call.args[0][0] == "v" and minor == "0" and number.isdigit() and len(number) < 4:
        if int(number) in served:
            return None
        if int(number) < min(served):
            return system.refuse(call, Refusal("retired", "The requested resource is no longer available", status=410))
    return system.refuse(call, Refusal("no_route", "The requested resource does not exist"))


def is_json(system: System[Org], call: Call) -> Outcome:
    """A body of another type is refused; one without a type is taken for JSON."""
    if not call.body or call.headers.get(b"content-type") == USUAL_TYPE:
        return None
    given = call.header(b"content-type").partition(";")[0].strip().lower()
    if not given or given in TAKEN_TYPES or not call.path.startswith(DATA):
        return None
    message = f"The Content-Type '{given}' is not supported by this resource"
    return system.refuse(call, Refusal("media_type", message))


def admit(system: System[Org], call: Call) -> Outcome:
    """Count the call against the allotment."""
    if not call.path.startswith(DATA) or not call.user:
        return None
    call.leaving.append(usage)
    if not system.state.window.take(system.clock()):
        return system.refuse(call, Refusal("quota", "TotalRequests Limit exceeded."))
    return None


def usage(system: System[Org], _call: Call, reply: Reply | Lost | None) -> Reply | None:
    if not isinstance(reply, Reply):
        return None
    window = system.state.window
    status, body, headers = reply
    return Reply(status, body, (*headers, (b"sforce-limit-info", b"api-usage=%d/%d" % (window.used, window.most))))


def limits(system: System[Org], _call: Call) -> Reply:
    """Only the call allotment is counted; the others are shown whole, as in an org that does not use them."""
    window = system.state.window
    document = {
        "DailyApiRequests": {"Max": window.most, "Remaining": window.left(system.clock())},
        "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
        "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
        "DailyAsyncApexExecutions": {"Max": 250_000, "Remaining": 250_000},
        "DailyStreamingApiEvents": {"Max": 200_000, "Remaining": 200_000},
        "HourlyPublishedPlatformEvents": {"Max": 50_000, "Remaining": 50_000},
        "DataStorageMB": {"Max": 10_240, "Remaining": 10_000},
        "FileStorageMB": {"Max": 10_240, "Remaining": 10_000},
    }
    return Reply(200, json_bytes(document), JSON)
