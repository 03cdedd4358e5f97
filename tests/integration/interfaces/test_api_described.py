"""Whatever the API's own description allows, and much that it does not, is answered and never breaks the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from linli.interfaces.api.main import api
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.writing import write
from tests.factories import MONDAY, community, report

EXAMPLES = 6  # of each operation, good and bad ones: the suite is run often
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A request's end must not close the connection that holds the test's transaction (Django's own test client sees to the same)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["street_duty", ""], ids=["desk", "nobody"])
def test_nothing_that_is_sent_breaks_it(role: str) -> None:
    with patch("linli.kernel.clock.services.machine_now", return_value=MONDAY + timedelta(hours=2)):
        receipt = report(community())
        headers = {"Accept-Encoding": "identity"}
        if role:
            with write():
                headers["Authorization"] = "Bearer " + create_api_key(actor=SYSTEM, at=MONDAY, name="desk", role=role)[1]
        described: Any = schemathesis.openapi.from_dict(dict(api.get_openapi_schema(path_prefix="/api/v1/")))
        described.app = get_wsgi_application()
        tried = 0
        for found in described.get_all_operations():
            operation = found.ok()
            for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
                try:
                    cases = operation.as_strategy(generation_mode=mode)
                except TypeError:
                    cases = operation.as_strategy()
                tried += _try(cases, headers, receipt)
        assert tried > 40


def _try(cases: Any, headers: dict[str, str], receipt: Any) -> int:
    sent = 0

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def send(case: Any) -> None:
        nonlocal sent
        known = {"code": receipt.code, "tracking": receipt.tracking}
        if case.method != "DELETE" and sent % 2:  # every second one meets something that is there
            case.path_parameters = {**(case.path_parameters or {}), **{name: value for name, value in known.items() if name in (case.path_parameters or {})}}
        case.call_and_validate(headers=headers, checks=CHECKS)
        sent += 1

    try:
        send()
    except Exception as error:
        if type(error).__name__ == "Unsatisfiable":  # an operation without parameters has no wrong ones
            return sent
        raise
    return sent
