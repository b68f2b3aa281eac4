"""Generated requests against an application's own OpenAPI, in process and on the loop of the caller: no portal, no thread."""

from __future__ import annotations

import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.orchestrator.asgi import ask

BASE = "http://face.test"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def operations(document):
    """{"GET /path": its operation}, as the document declares them."""
    schema = schemathesis.openapi.from_dict(document)
    found = [each.ok() for each in schema.get_all_operations()]
    return {operation.label: operation for operation in found}


def cases(operation):
    """Requests that fit the declaration, and requests that break it."""
    return st.one_of(operation.as_strategy(GenerationMode.POSITIVE), operation.as_strategy(GenerationMode.NEGATIVE))


async def conforms(app, case, *, token=None, accepts=False):
    """Send one generated request; the answer is one of those declared, of the declared type and shape. Returns its status.

    What breaks the declaration must be refused; with `accepts`, what fits it must be accepted.
    """
    request = prepared(case)
    headers = {name.lower(): value for name, value in request.headers.items()}
    got = await ask(app, request.method, request.url.removeprefix(BASE), body=request.body or b"", token=token, headers=headers)
    answer = Response(got.status, {name: [value] for name, value in got.headers.items()}, got.body, request, 0.0, verify=False)
    case.validate_response(answer, checks=[*CHECKS, negative_data_rejection, *([positive_data_acceptance] if accepts else [])])
    return got.status


def prepared(case):
    """The request as it goes over the wire."""
    given = case.as_transport_kwargs(base_url=BASE)
    known = {
        name: given[name] for name in ("method", "url", "headers", "params", "json", "data", "cookies", "files") if name in given
    }
    request = requests.Request(**known).prepare()
    if isinstance(request.body, str):
        request.body = request.body.encode()
    return request
