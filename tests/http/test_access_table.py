"""Who reaches what, as one table: every operation of the OpenAPI document, every kind of caller.

Each cell is the status of a request that is otherwise as it should be. An operation or a cell
that is missing fails, so nothing is offered that nobody thought about.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.http_windows import counter_form, kiosk_form, window_system
from tests.support.http_world import (
    CODE,
    FOOD,
    Browser,
    HttpWorld,
    Person,
    System,
    identity_card,
    powers_in,
    unique,
)
from vault.clients import Profile

TABLE: Final = Path(__file__).with_name("access_table.txt")
WINDOWS: Final = {
    "POST /oauth/bc-authorize": Profile.COUNTER,
    "POST /oauth/device_authorization": Profile.KIOSK,
}
"""Operations of one profile."""
FORMS: Final = {
    f"POST /oauth/{name}" for name in ("par", "token", "introspect", "revoke")
} | WINDOWS.keys()
"""Who sends these proves itself in the form, not by a token."""
METHODS: Final = {"get", "post", "put", "delete", "patch"}


def table() -> tuple[list[str], dict[str, dict[str, str]]]:
    """Return the callers in order, and the cells by operation and caller."""
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line[:1] not in {"#", ""}]
    head, *rows = (line.split() for line in lines)
    callers = head[2:]
    return callers, {
        f"{method} {path}": dict(zip(callers, cells, strict=True)) for method, path, *cells in rows
    }


CALLERS, CELLS = table()


@dataclass(frozen=True)
class Scene:
    """Somebody with a record and two consents, one of them taken back.

    Attributes:
        grant_id, entry_id: The live consent, and an entry that the requester made under it.
        demand_id: What the holder demands about that entry.
    """

    world: HttpWorld
    person: Person
    record_id: str
    token: str
    revoked: str
    grant_id: str
    entry_id: str
    demand_id: str
    case_no: str
    mandate_id: str
    holder: Browser
    other: Browser

    @property
    def names(self) -> dict[str, str]:
        """What stands in the paths."""
        return {
            "record_id": self.record_id,
            "grant_id": self.grant_id,
            "mandate_id": self.mandate_id,
            "entry_id": self.entry_id,
            "demand_id": self.demand_id,
            "client_id": self.world.market.client_id,
            "code": CODE,
            "number": "1",
            "path": "entries/000.p/1",
            "year": self.world.vault.logs[0].origin.rpartition("/")[2],
        }


def scene_of(world: HttpWorld) -> Scene:
    person, _ = world.settled()
    upload = world.police.upload("/v1/records", identity_card(person), [("a.pdf", b"%PDF-1.7")])
    revoked, holder = world.granted(person)
    [consent] = holder.get("/v1/me/consents").json()
    holder.post(f"/v1/me/consents/{consent['grant_id']}/revoke")
    token, holder = world.granted(person)
    grant_id = next(
        one["grant_id"]
        for one in holder.get("/v1/me/consents").json()
        if one["status"] == "active"
    )
    other, _ = world.settled()
    entry_id = world.market.pull(token, view="verify").json()["receipt"]["entry_id"]
    asked = holder.post(f"/v1/me/accesses/{entry_id}/demands", {"kind": "delete"})
    return Scene(
        world=world,
        person=person,
        record_id=upload.json()["record_id"],
        token=token,
        revoked=revoked,
        grant_id=grant_id,
        entry_id=entry_id,
        demand_id=asked.json()["receipt"]["entry_id"],
        case_no=world.market.open_case(person).json()["case_no"],
        mandate_id=world.mandate(person, world.person().holder),
        holder=holder,
        other=world.browser(other),
    )


@pytest.fixture(scope="module")
def quiet(world: HttpWorld) -> Scene:
    """Return a scene for what changes nothing."""
    return scene_of(world)


# -- requests that are as they should be -------------------------------------------------------


def body_of(operation: str, scene: Scene) -> Any:  # noqa: ANN401 - any JSON
    revision = identity_card(scene.person, holder=None, holder_name=None, contact=None)
    return {
        "POST /v1/records": identity_card(scene.person),
        "POST /v1/records/{record_id}/versions": revision | {"expected_version": 1},
        "PUT /v1/records/{record_id}/status": {"status": "02", "expected_version": 1},
        "POST /v1/cases": {"holder": scene.person.holder, "item": FOOD},
        "POST /v1/me/accesses/{entry_id}/demands": {"kind": "explain"},
        "POST /v1/demands/{demand_id}/answer": {"outcome": "answered", "text": "words"},
        "POST /v1/use-receipts": {"entry_id": scene.entry_id, "outcome": "unused"},
        "POST /v1/me/consents/{grant_id}/narrow": {"retention_days": 1},
        "POST /oauth/register": {},
        "PUT /oauth/register/{client_id}": {},
        "POST /v1/me/mandates": {
            "receiver": scene.world.person().holder,
            "powers": powers_in(scene.world, acts=["read"]),
        },
        "POST /v1/me/mandates/{mandate_id}/narrow": powers_in(scene.world, acts=["read"]),
    }.get(operation)


def form_of(operation: str, scene: Scene, system: System) -> dict[str, str]:
    return {
        "POST /oauth/par": system.request(scene.case_no),
        "POST /oauth/bc-authorize": counter_form(system, scene.case_no),
        "POST /oauth/device_authorization": kiosk_form(system, scene.case_no),
        "POST /oauth/token": {"grant_type": "client_credentials", "scope": "registry:read"},
        "POST /oauth/introspect": {"token": scene.token},
        "POST /oauth/revoke": {"token": unique()},
    }[operation]


def plain(scene: Scene, operation: str, **headers: str) -> int:
    """Send a request with nothing but ``headers`` to tell who asks."""
    method, path = filled(scene, operation)
    if operation in FORMS:
        form = form_of(operation, scene, scene.world.market)
        return scene.world.http.post(path, data=form).status_code
    body = body_of(operation, scene)
    sent = {"Idempotency-Key": unique(), "Content-Type": "application/json"} | headers
    return scene.world.http.request(
        method,
        path,
        params=query_of(operation),
        content=None if body is None else json.dumps(body),
        headers={name.replace("_", "-"): value for name, value in sent.items()},
    ).status_code


def by_token(scene: Scene, operation: str, *, system: System, token: str) -> int:
    method, path = filled(scene, operation)
    if operation in FORMS:
        form = form_of(operation, scene, system)
        return system.form(path, form).status_code
    return plain(scene, operation, **system.headers(method, path, token=token))


def by_browser(scene: Scene, operation: str, *, browser: Browser, form: bool = True) -> int:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.http.cookies.items())
    own = {"Origin": "https://space.example.org", "X_CSRF_Token": browser.signed.form_token}
    if operation in FORMS:
        return plain(scene, operation)
    return plain(scene, operation, Cookie=cookies, **(own if form else {}))


def filled(scene: Scene, operation: str) -> tuple[str, str]:
    method, path = operation.split()
    return method, path.format(**scene.names)


def query_of(operation: str) -> Mapping[str, str]:
    return {"from": "1", "to": "1"} if operation.endswith("/consistency") else {}


def suspended(scene: Scene, operation: str) -> int:
    market = scene.world.market
    token = market.token()
    scene.world.suspend(market)
    try:
        return by_token(scene, operation, system=market, token=token)
    finally:
        scene.world.resume(market)


def at_window(scene: Scene, operation: str) -> int:
    profile = WINDOWS.get(operation, Profile.COUNTER)
    if operation not in FORMS:
        return plain(scene, operation)  # Its profile has no tokens of its own.
    system = window_system(scene.world, profile)
    return system.form(operation.split()[1], form_of(operation, scene, system)).status_code


ASK: Final[Mapping[str, Callable[[Scene, str], int]]] = {
    "nobody": plain,
    "issuer": lambda s, o: by_token(s, o, system=s.world.police, token=s.world.police.token()),
    "consented": lambda s, o: by_token(s, o, system=s.world.market, token=s.token),
    "requester": lambda s, o: by_token(s, o, system=s.world.market, token=s.world.market.token()),
    "revoked": lambda s, o: by_token(s, o, system=s.world.market, token=s.revoked),
    "suspended": suspended,
    "stranger": lambda s, o: by_token(s, o, system=s.world.schools, token=s.world.schools.token()),
    "checker": lambda s, o: by_token(s, o, system=s.world.checker, token=s.token),
    "thief": lambda s, o: by_token(s, o, system=s.world.schools, token=s.token),
    "window": at_window,
    "other": lambda s, o: by_browser(s, o, browser=s.other),
    "foreign": lambda s, o: by_browser(s, o, browser=s.holder, form=False),
    "holder": lambda s, o: by_browser(s, o, browser=s.holder),
}
"""Callers in the order in which they ask: who may change something comes after who may not."""


# -- the table ---------------------------------------------------------------------------------


def operations(world: HttpWorld) -> Iterator[str]:
    for path, found in world.app.openapi()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in found if method in METHODS)


def test_the_table_has_every_operation_of_the_document_and_no_other(world: HttpWorld) -> None:
    assert sorted(CELLS) == sorted(operations(world))


def test_the_table_has_every_caller() -> None:
    assert sorted(CALLERS) == sorted(ASK)


def test_the_table_is_aligned() -> None:
    rows = [line for line in TABLE.read_text("utf-8").splitlines() if line[:1] not in {"#", ""}]

    assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("operation", CELLS)
def test_each_caller_gets_what_the_table_says(
    world: HttpWorld, quiet: Scene, operation: str
) -> None:
    scene = quiet if operation.startswith("GET ") else scene_of(world)

    found = {caller: str(ask(scene, operation)) for caller, ask in ASK.items()}

    assert found == CELLS[operation]
