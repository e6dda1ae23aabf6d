"""The OpenAPI document is true: requests made from it, right and wrong, by each kind of caller.

Nothing may end in a 5xx, in a status or content type that the document does not know, or in a
body that does not fit its schema; what does not fit the document is refused.

Here a sample; by hand as many of each operation as you name::

    DOCUMENT_EXAMPLES=100 .venv/bin/pytest -s tests/http/test_document.py
"""

import copy
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.http_world import CODE, ORIGIN, Browser, HttpWorld, System

pytestmark = pytest.mark.slow

EXAMPLES: Final = int(os.environ.get("DOCUMENT_EXAMPLES", "30"))
"""For each operation, right and wrong."""

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
RIGHT: Final = "right"
REJECTED: Final = negative_data_rejection
MODES: Final = {RIGHT: GenerationMode.POSITIVE, "wrong": GenerationMode.NEGATIVE}
BAD: Final = 300
TOO_LARGE: Final = 413
"""A refusal that the library does not count as one."""


class Callers:
    """Everybody who calls, with what is theirs."""

    def __init__(self, world: HttpWorld) -> None:
        self.world = world
        self.person, self.record_id = world.settled()
        self.token, self.holder = world.granted(self.person)
        [consent] = self.holder.get("/v1/me/consents").json()
        pulled = world.market.pull(self.token, view="verify").json()
        self.known: Mapping[str, str] = {
            "record_id": self.record_id,
            "grant_id": consent["grant_id"],
            "entry_id": pulled["receipt"]["entry_id"],
            "code": CODE,
            "path": "0/000.p/1",
        }
        self.by: Mapping[str, Callable[[str, str], dict[str, str]]] = {
            "nobody": lambda _method, _path: {},
            "issuer": self._system(world.police, world.police.token()),
            "requester": self._system(world.market, world.market.token()),
            "consented": self._system(world.market, self.token),
            "holder": self._browser(self.holder),
        }

    def acquaint(self, case: Case[Any]) -> None:
        """Let a request be about what is there."""
        named = {n: v for n, v in self.known.items() if n in case.path_parameters}
        case.path_parameters.update(named)
        body: Any = case.body
        if isinstance(body, dict):
            record = body.get("record", body)
            if isinstance(record, dict) and "holder" in record:
                record["holder"] = self.person.holder

    @staticmethod
    def _system(system: System, token: str) -> Callable[[str, str], dict[str, str]]:
        return lambda method, path: system.headers(method, path, token=token)

    @staticmethod
    def _browser(browser: Browser) -> Callable[[str, str], dict[str, str]]:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
        form_token = browser.signed.form_token
        return lambda _method, _path: {
            "Cookie": cookie,
            "Origin": ORIGIN,
            "X-CSRF-Token": form_token,
        }


@pytest.fixture(scope="module")
def callers(world: HttpWorld) -> Callers:
    """Return everybody, acquainted with each other."""
    return Callers(world)


@pytest.fixture(scope="module")
def document(world: HttpWorld) -> Any:  # noqa: ANN401 - schemathesis
    """Return the document as it is served; who asks is added by the tests themselves."""
    plain = copy.deepcopy(world.app.openapi())
    del plain["components"]["securitySchemes"]
    for operation in (one for path in plain["paths"].values() for one in path.values()):
        operation.pop("security", None)
    return schemathesis.openapi.from_dict(plain)


@pytest.mark.parametrize("mode", MODES)
def test_every_answer_is_one_that_the_document_knows(
    callers: Callers,
    document: Any,  # noqa: ANN401 - schemathesis
    mode: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers: Counter[int] = Counter()

    for found in document.get_all_operations():
        cases = found.ok().as_strategy(generation_mode=MODES[mode])
        _run(callers, cases, mode=mode, answers=answers)

    with capsys.disabled():
        told = ", ".join(f"{status}: {n}" for status, n in sorted(answers.items()))
        print(f"\n{mode} requests: {answers.total()} ({told})")  # noqa: T201 - a figure to quote
    assert answers.total() >= EXAMPLES
    assert mode != RIGHT or any(status < BAD for status in answers)


def _run(callers: Callers, cases: Any, *, mode: str, answers: Counter[int]) -> None:  # noqa: ANN401 - schemathesis
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, caller=st.sampled_from(sorted(callers.by)), known=st.booleans())
    def conforms(case: Case[Any], caller: str, *, known: bool) -> None:
        if known and mode == RIGHT:
            callers.acquaint(case)
        sent = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
        own = callers.by[caller](case.method, urlsplit(sent.url or "").path)
        answer = callers.world.http.request(
            case.method, sent.url or "", content=sent.body, headers={**sent.headers, **own}
        )
        answers[answer.status_code] += 1
        settled = mode == RIGHT or answer.status_code == TOO_LARGE
        case.validate_response(answer, checks=CHECKS if settled else [*CHECKS, REJECTED])

    with suppress(Unsatisfiable):  # An operation that takes nothing cannot be asked wrongly.
        conforms()
