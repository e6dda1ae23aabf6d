"""Token exchange for mandates (RFC 8693): only ever narrower, and dead with what it stands on."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response

from scripts.outcomes import OperatorError
from tests.support.http_world import (
    CODE,
    FOOD,
    Browser,
    HttpWorld,
    Person,
    System,
    open_world,
    unique,
)
from vault.clients.profiles import TOKEN_EXCHANGE
from vault.identifiers.synthetic import synthetic_uscc
from vault.journal.entries import Basis, Kind
from vault.services.acting import Member
from vault.services.list_accesses import Access, list_accesses

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
FIRM = synthetic_uscc(777)
STRANGER = synthetic_uscc(778)
EXCHANGE = ["exchange"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpWorld]:
    """Return a deployment with an agent firm that has a space, and another one."""
    with open_world(tmp_path_factory.mktemp("exchange")) as found:
        for number, code in enumerate((FIRM, STRANGER)):
            licence = {
                "holder": {"type": "uscc", "value": code},
                "holder_name": f"示例代理所{number}",
                "contact": "+8613900000000",
                "code": "LC01",
                "fields": {
                    "uscc": code,
                    "name": f"示例代理所{number}",
                    "entity_type": "合伙企业",
                    "legal_representative": "王示例",
                    "established_date": "2020-01-01",
                    "business_scope": "代理记账",
                    "address": "示范省示范市示范区示范路2号",
                    "registration_authority": "示范区市场监督管理局（模拟）",
                    "registration_status": "存续",
                    "approval_date": "2020-01-02",
                },
                "status": "01",
            }
            answer = found.market.send("/v1/records", licence)
            assert answer.status_code == 201, answer.text
            found.systems[code] = found.firm(code=code, client_id=f"firm-{number}")
        yield found


@dataclass(frozen=True)
class Scene:
    """Somebody who consented to the market department, and gave the firm a mandate."""

    world: HttpWorld
    person: Person
    browser: Browser
    token: str
    mandate_id: str

    @property
    def firm(self) -> System:
        return self.world.systems[FIRM]

    def exchange(self, by: str = FIRM, **changes: str | None) -> Response:
        """Let the system of ``by`` ask for a part; ``None`` leaves a parameter out."""
        form = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": self.token,
            "subject_token_type": ACCESS_TOKEN,
        } | changes
        sent = {name: value for name, value in form.items() if value is not None}
        return self.world.systems[by].form("/oauth/token", sent)

    def part(self, **changes: str) -> str:
        answer = self.exchange(FIRM, **changes)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def pull(self, token: str, **how: Any) -> Response:  # noqa: ANN401 - as System.pull
        return self.firm.pull(token, **how)

    def introspect(self, token: str) -> Any:  # noqa: ANN401 - any JSON
        return self.world.checker.form("/oauth/introspect", {"token": token}).json()

    def ledger(self) -> tuple[Access, ...]:
        member = Member(signin=self.browser.signed.signin)
        return list_accesses(self.world.vault, member).accesses

    def details(self, **changes: Any) -> str:  # noqa: ANN401 - any member
        """Return the object that was granted, changed."""
        [granted] = self.introspect(self.token)["authorization_details"]
        return json.dumps([granted | changes])


def scene_of(world: HttpWorld, **powers: Any) -> Scene:  # noqa: ANN401 - any member of the powers
    person, _ = world.settled()
    token, browser = world.granted(person)
    mandate_id = world.mandate(
        person, {"type": "uscc", "value": FIRM}, **({"acts": EXCHANGE} | powers)
    )
    return Scene(world, person, browser, token, mandate_id)


@pytest.fixture
def scene(world: HttpWorld) -> Iterator[Scene]:
    yield scene_of(world)
    world.clock.ahead = 0


def error(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


NOT_ACCEPTABLE = (400, "invalid_request")


def test_b52_a_firm_gets_a_part_and_pulls_under_it(scene: Scene) -> None:
    answer = scene.exchange()

    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (body["token_type"], body["issued_token_type"]) == ("DPoP", ACCESS_TOKEN)
    assert "refresh_token" not in body
    [granted] = body["authorization_details"]
    assert (granted["basis"], granted["item"]) == ("mandate", FOOD)
    pulled = scene.pull(body["access_token"], fields="name")
    assert pulled.status_code == 200, pulled.text
    assert pulled.json()["fields"] == {"name": scene.person.name}


def test_b52_introspection_and_journal_say_who_acts_for_whom(scene: Scene) -> None:
    token = scene.part()
    scene.pull(token)

    told = scene.introspect(token)
    assert told["client_id"] == "firm-0"
    assert told["act"] == {"sub": "firm-0", "act": {"sub": scene.world.market.client_id}}
    assert "act" not in scene.introspect(scene.token)
    pull, exchange = scene.ledger()[:2]
    assert [one.entry.kind for one in (pull, exchange)] == [Kind.PULL, Kind.MANDATE_EXCHANGE]
    for one in (pull, exchange):
        assert one.entry.basis is Basis.MANDATE
        assert one.entry.by.acting == (scene.mandate_id,)
        assert one.entry.by.client == "firm-0"
        assert one.agent == "示例代理所0"


def test_b52_each_use_of_the_part_is_a_use_of_the_whole(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, browser = world.granted(person, uses=2)
    world.mandate(person, {"type": "uscc", "value": FIRM}, acts=EXCHANGE)
    scene = Scene(world, person, browser, token, "")
    part = scene.part()

    answers = [scene.pull(part).status_code, world.market.pull(token).status_code]
    answers += [scene.pull(part).status_code, world.market.pull(token).status_code]

    assert answers == [200, 200, 403, 403]


def without_exchange(world: HttpWorld) -> Scene:
    return scene_of(world, acts=["read", "consent"])


def for_another_item(world: HttpWorld) -> Scene:
    return scene_of(world, items=["11110105PDY00103944000531030200"])


def for_other_evidence(world: HttpWorld) -> Scene:
    return scene_of(world, evidence=[{"code": "LC04", "view": "full"}])


def not_yet(world: HttpWorld) -> Scene:
    return scene_of(world, starts_at=world.now() + 600)


@pytest.mark.parametrize(
    "without", [without_exchange, for_another_item, for_other_evidence, not_yet]
)
def test_b52_without_a_mandate_that_covers_it_nothing_is_exchanged(
    world: HttpWorld, without: Callable[[HttpWorld], Scene]
) -> None:
    scene = without(world)

    assert error(scene.exchange()) == NOT_ACCEPTABLE


def test_b52_the_mandate_of_another_firm_is_of_no_use(scene: Scene) -> None:
    assert error(scene.exchange(by=STRANGER)) == NOT_ACCEPTABLE


def test_b52_a_client_that_is_not_registered_for_it_exchanges_nothing(scene: Scene) -> None:
    answer = scene.exchange(by=scene.world.market.department)

    assert error(answer) == (400, "unauthorized_client")


def test_b52_a_mandate_of_another_holder_is_of_no_use(scene: Scene) -> None:
    person, _ = scene.world.settled()
    token, _ = scene.world.granted(person)

    assert error(scene.exchange(subject_token=token)) == NOT_ACCEPTABLE


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"subject_token": None}, NOT_ACCEPTABLE),
        ({"subject_token": "garbage"}, NOT_ACCEPTABLE),
        ({"subject_token_type": None}, NOT_ACCEPTABLE),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, NOT_ACCEPTABLE),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"}, NOT_ACCEPTABLE),
        ({"actor_token": "one", "actor_token_type": ACCESS_TOKEN}, NOT_ACCEPTABLE),
        ({"audience": "https://other.example.org"}, (400, "invalid_target")),
        ({"resource": "https://other.example.org"}, (400, "invalid_target")),
        ({"scope": "ev:licence:business_license:verify"}, (400, "invalid_scope")),
        ({"scope": "offline_access"}, (400, "invalid_scope")),
        ({"scope": "registry:read"}, (400, "invalid_scope")),
        ({"authorization_details": "[]"}, (400, "invalid_authorization_details")),
    ],
)
def test_b52_what_is_not_offered_is_refused(
    scene: Scene, changes: dict[str, str | None], found: tuple[int, str]
) -> None:
    assert error(scene.exchange(FIRM, **changes)) == found


def test_b52_a_part_is_never_wider(world: HttpWorld) -> None:
    scene = scene_of(world, evidence=[{"code": CODE, "view": "summary"}])
    [granted] = scene.introspect(scene.token)["authorization_details"]
    [evidence] = granted["evidence"]
    wider = [
        {"evidence": [evidence]},
        {"evidence": [{"code": "LC01", "view": "verify"}]},
        {"valid": granted["valid"] | {"to": granted["valid"]["to"] + 1}},
        {"retention_days": granted["retention_days"] + 1},
        {"case": "1" * 43},
    ]

    for changes in wider:
        answer = scene.exchange(authorization_details=scene.details(**changes))
        assert error(answer) == (400, "invalid_authorization_details"), changes
    assert error(scene.exchange(scope="ev:identity:resident_id_card:full")) == (
        400,
        "invalid_scope",
    )
    [part] = scene.exchange().json()["authorization_details"]
    assert [one["view"] for one in part["evidence"]] == ["summary"]
    assert part["valid"]["to"] < granted["valid"]["to"]


def test_b52_a_part_may_be_narrower_than_what_is_there(scene: Scene) -> None:
    token = scene.part(scope="ev:identity:resident_id_card:verify")

    assert scene.pull(token, view="verify").status_code == 200
    assert scene.pull(token, view="full").status_code == 403


def test_b52_a_part_lives_no_longer_than_the_token_it_came_of(scene: Scene) -> None:
    scene.world.clock.ahead = 240

    answer = scene.exchange()

    assert answer.json()["expires_in"] <= 60
    scene.world.clock.ahead = 301
    assert scene.pull(answer.json()["access_token"]).status_code == 401


def test_b52_a_part_is_not_exchanged_again(scene: Scene) -> None:
    scene.world.mandate(scene.person, {"type": "uscc", "value": STRANGER}, acts=EXCHANGE)
    token = scene.part()

    assert error(scene.exchange(subject_token=token)) == NOT_ACCEPTABLE
    other = scene.exchange(by=STRANGER, subject_token=token)
    assert error(other) == NOT_ACCEPTABLE


def revoked_token(scene: Scene) -> None:
    scene.world.market.form("/oauth/revoke", {"token": scene.token})


def revoked_consent(scene: Scene) -> None:
    [consent, *_] = [
        one
        for one in scene.browser.get("/v1/me/consents").json()
        if one["client"]["client_id"] == scene.world.market.client_id
    ]
    answer = scene.browser.post(f"/v1/me/consents/{consent['grant_id']}/revoke")
    assert answer.status_code == 200


def ended_mandate(scene: Scene) -> None:
    assert scene.browser.post(f"/v1/me/mandates/{scene.mandate_id}/end").status_code == 200


@pytest.mark.parametrize("end", [revoked_token, revoked_consent, ended_mandate])
def test_b52_what_has_ended_is_not_exchanged(scene: Scene, end: Callable[[Scene], None]) -> None:
    end(scene)

    assert error(scene.exchange()) == NOT_ACCEPTABLE


@pytest.mark.parametrize("end", [revoked_consent, ended_mandate])
def test_b52_a_part_dies_with_its_consent_and_with_its_mandate(
    scene: Scene, end: Callable[[Scene], None]
) -> None:
    token = scene.part()
    assert scene.introspect(token)["active"]

    end(scene)

    assert scene.introspect(token) == {"active": False}
    assert scene.pull(token).status_code == 401


def test_b52_a_part_dies_with_the_family_of_the_token_it_came_of(scene: Scene) -> None:
    token = scene.part()
    with scene.world.vault.work() as tx:
        found = next(
            row
            for one in scene.world.vault.secrets.hashes(scene.token)
            if (row := tx.protocol.token(one)) is not None
        )
        tx.protocol.revoke_family(found.family_id, now=scene.world.now())

    assert scene.pull(token).status_code == 401
    assert scene.introspect(token) == {"active": False}


def test_b52_a_part_shrinks_with_its_consent(scene: Scene) -> None:
    token = scene.part()
    [consent] = [
        one
        for one in scene.browser.get("/v1/me/consents").json()
        if one["client"]["client_id"] == scene.world.market.client_id
    ]
    kept = {"evidence": [{"code": CODE, "view": "verify", "fields": []}]}
    scene.browser.post(f"/v1/me/consents/{consent['grant_id']}/narrow", kept)

    assert scene.pull(token, view="full").status_code == 403
    assert scene.pull(token, view="verify").status_code == 200
    [shown] = scene.introspect(token)["authorization_details"]
    assert shown["evidence"] == [{"code": CODE, "view": "verify"}]
    listed = scene.firm.get("/v1/evidence", token=token)
    assert [one["view"] for one in listed.json()["evidence"]] == ["verify"]


def test_b52_a_part_shrinks_with_its_mandate(scene: Scene) -> None:
    token = scene.part()
    now = scene.world.now()
    [given] = scene.browser.get("/v1/me/mandates").json()
    less = {
        "acts": EXCHANGE,
        "evidence": [{"code": CODE, "view": "verify"}],
        "items": [FOOD],
        "starts_at": now,
        "ends_at": given["powers"]["valid"]["to"],
    }
    answer = scene.browser.post(f"/v1/me/mandates/{scene.mandate_id}/narrow", less)
    assert answer.status_code == 200, answer.text

    assert scene.pull(token, view="full").status_code == 403
    [shown] = scene.introspect(token)["authorization_details"]
    assert shown["evidence"] == [{"code": CODE, "view": "verify"}]


def test_b52_the_part_is_bound_to_the_firms_key(scene: Scene) -> None:
    token = scene.part()

    assert scene.world.market.pull(token).status_code == 401
    assert scene.firm.pull(scene.token).status_code == 401


def test_b52_the_holder_sees_the_part_and_ends_it(scene: Scene) -> None:
    token = scene.part()
    [part] = [
        one
        for one in scene.browser.get("/v1/me/consents").json()
        if one["client"]["client_id"] == "firm-0"
    ]

    scene.browser.post(f"/v1/me/consents/{part['grant_id']}/revoke")

    assert scene.pull(token).status_code == 401
    assert scene.world.market.pull(scene.token).status_code == 200


def test_b52_metadata_lists_the_grant_type(world: HttpWorld) -> None:
    found = world.http.get("/.well-known/oauth-authorization-server").json()

    assert TOKEN_EXCHANGE in found["grant_types_supported"]


@pytest.mark.parametrize(
    "changes",
    [
        {"department": "11110105PDY0010ZZZ"},
        {"grant_types": [TOKEN_EXCHANGE, "client_credentials"], "scopes": ["registry:read"]},
        {"issue_codes": ["LC01"]},
        {"service_items": ["no-such-item"]},
        {"organisation": {"name_zh": "缺"}},
    ],
)
def test_an_agent_firm_is_registered_for_exchange_alone(
    world: HttpWorld, changes: dict[str, Any]
) -> None:
    code = synthetic_uscc(900)

    with pytest.raises(OperatorError):
        world.firm(**({"code": code, "client_id": unique()} | changes))
