"""Systems that register themselves, as the operator sees them: from statement to keys."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.oauth.jose import KeyCache
from api.oauth.statement import Registry, verified_statement
from api.settings import Settings
from scripts.cli import app
from scripts.demo_data import fill
from scripts.demo_people import people
from scripts.operator_socket import listening
from scripts.outcomes import Exit
from scripts.places import Places, embedded_settings, places
from scripts.registering import operator_verbs
from tests.support.jws import ec_signer
from vault.clients import Client, ClientStatus, Profile
from vault.clients.keys import read_jwks
from vault.clients.refusals import RefusedRequest
from vault.clients.registrations import Registration
from vault.clock import MS, SystemClock
from vault.errors import InvalidInputError
from vault.identifiers import IdentifierKind
from vault.identifiers.synthetic import synthetic_resident_id
from vault.ids import ClientId
from vault.services import Vault
from vault.services.self_register import SelfRegister, live_initial_token, self_register

MARKET = "11110105PDY001012C"
ITEM = f"{MARKET}4000131020100"
SERVER = "https://space.example.org"
ISSUER = "https://registry.example.org"
SAYS = {
    "department": MARKET,
    "name_zh": "许可系统",
    "name_en": "Licensing system",
    "software_id": "licensing",
    "software_version": "4.2",
    "profiles": ["fapi2"],
    "scopes": ["cases:write"],
    "evidence": {"ID01": "full"},
    "service_items": [ITEM],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture
def where(tmp_path: Path) -> Places:
    found = places(tmp_path / "data")
    with opened(found):
        pass
    return found


@contextmanager
def opened(where: Places) -> Iterator[Vault]:
    from api.wiring import wire  # noqa: PLC0415 - beside what it opens

    with wire(embedded_settings(where, port=8765, demo=True)) as wired:
        yield wired.vault


def myspace(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def told(result: Result, code: Exit) -> str:
    assert result.exit_code == code, result.output
    assert any("\u4e00" <= sign <= "\u9fff" for sign in result.stderr)
    return result.stderr


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "registry.key"
    assert myspace("client", "registry", path, "--issuer", ISSUER).exit_code == 0
    return path


@pytest.fixture
def says(tmp_path: Path) -> Path:
    path = tmp_path / "says.json"
    path.write_text(json.dumps(SAYS))
    return path


def waiting(vault: Vault, token: str) -> Client:
    """Enter a client with an initial token, as the server does."""
    with vault.read() as tx:
        found = live_initial_token(tx, vault.secrets.hashes(token), now=vault.clock.now_ms() // MS)
    assert found is not None
    client = Client(
        client_id=ClientId("c-waiting"),
        department_id=found.department_id,
        name_zh="许可系统",
        name_en="Licensing system",
        profile=Profile.FAPI2,
        status=ClientStatus.PENDING,
        jwks=json.dumps({"keys": [ec_signer().jwk | {"kid": "first"}]}),
        redirect_uris=("https://client.example.org/cb",),
        grant_types=frozenset({"authorization_code"}),
        scopes=frozenset(),
        evidence={},
        issue_codes=frozenset(),
        service_items=frozenset({ITEM}),
        version=1,
    )
    registration = Registration(
        client_id=client.client_id,
        token_hash=bytes(32),
        statement="a.b.c",
        once=bytes(32),
        registered_at=0,
    )
    asked = SelfRegister(client=client, registration=registration, token_hash=found.token_hash)
    self_register(vault, asked, demo=True)
    return client


def test_a_statement_is_one_that_the_server_takes(
    key: Path, says: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    printed = myspace("client", "registry", tmp_path / "other.key", "--issuer", ISSUER)
    assert "MYSPACE_REGISTRY__ISSUER=https://registry.example.org" in printed.stdout
    public = json.dumps({"keys": [_public(key)]})
    for name, value in (
        ("DATA", "/d"),
        ("STATE", "/s"),
        ("ISSUER", SERVER),
        ("KEYS__ROOT_KEY_FILE", "/k"),
        ("REGISTRY__ISSUER", ISSUER),
        ("REGISTRY__KEYS", public),
    ):
        monkeypatch.setenv(f"MYSPACE_{name}", value)
    settings = Settings()
    assert settings.registry is not None

    made = myspace("client", "statement", says, "--key", key, "--server", SERVER, "--days", "2")

    found = verified_statement(
        made.stdout.strip(),
        registry=Registry.of(issuer=settings.registry.issuer, jwks=settings.registry.keys),
        keys=KeyCache(),
        origin=SERVER,
        now=_now(),
    )
    assert (found.department, found.name_zh, found.software_version) == (
        MARKET,
        "许可系统",
        "4.2",
    )
    assert found.rights.service_items == {ITEM}


def _public(path: Path) -> dict[str, str]:
    private: dict[str, str] = json.loads(path.read_text())["key"]
    return {name: value for name, value in private.items() if name != "d"}


def _now() -> int:
    return SystemClock().now_ms() // MS


def test_the_key_of_a_registry_is_private_and_never_overwritten(key: Path, says: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    told(myspace("client", "registry", key, "--issuer", ISSUER), Exit.DATA)

    key.chmod(0o640)
    said = told(
        myspace("client", "statement", says, "--key", key, "--server", SERVER), Exit.CONFIGURATION
    )

    assert "0600" in said


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
def test_a_file_that_is_no_registry_key_is_told(
    tmp_path: Path, says: Path, content: str | None
) -> None:
    path = tmp_path / "odd"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)

    said = told(myspace("client", "statement", says, "--key", path, "--server", SERVER), Exit.DATA)

    assert "registry" in said


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"evidences": {}}, "evidences"),
        ({"profiles": ["fapi1"]}, "profiles"),
        ({"evidence": {"XX99": "full"}}, "evidence"),
        ({"department": "market"}, "department"),
    ],
)
def test_a_statement_with_faults_is_not_signed(
    key: Path, says: Path, changes: dict[str, object], names: str
) -> None:
    says.write_text(json.dumps(SAYS | changes))

    said = told(myspace("client", "statement", says, "--key", key, "--server", SERVER), Exit.DATA)

    assert names in said


def test_a_key_cannot_be_written_where_nothing_can(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = myspace("client", "registry", tmp_path / "file" / "key", "--issuer", ISSUER)

    assert result.exit_code != 0
    assert "Traceback" not in result.output


@pytest.mark.parametrize("beside", [True, False], ids=["beside a server", "without one"])
def test_the_operator_looks_and_approves_with_or_without_a_server(
    where: Places, *, beside: bool
) -> None:
    token = myspace("client", "token", MARKET, "--data", where.data).stdout.strip()
    with opened(where) as vault:
        client = waiting(vault, token)
    with ExitStack() as stack:
        if beside:
            vault = stack.enter_context(opened(where))
            verbs = operator_verbs(vault, demo=True)
            stack.enter_context(listening(where.socket, verbs))
        seen = look_and_approve(where, client)

    assert seen == [0, 0, Exit.DATA, 0, 0]
    assert myspace("journal", "verify", "--data", where.data).exit_code == 0


def look_and_approve(where: Places, client: Client) -> list[int]:
    there = ("--data", where.data)
    listed = myspace("client", "list", *there)
    shown = myspace("client", "show", client.client_id, *there)
    assert client.client_id in listed.stdout
    assert "https://client.example.org/cb" in shown.stdout
    assert "first" in shown.stdout
    assert "待" in listed.stdout or "pending" in listed.stdout
    other = myspace("client", "approve", client.client_id, "--version", "2", *there)
    right = myspace("client", "approve", client.client_id, "--version", "1", *there)
    closed = myspace("client", "close", client.client_id, *there)
    return [one.exit_code for one in (listed, shown, other, right, closed)]


def test_a_system_is_refused(where: Places) -> None:
    token = myspace("client", "token", MARKET, "--data", where.data).stdout.strip()
    with opened(where) as vault:
        client = waiting(vault, token)

    refused = myspace("client", "refuse", client.client_id, "--data", where.data)
    again = myspace("client", "refuse", client.client_id, "--data", where.data)

    assert refused.exit_code == 0
    told(again, Exit.DATA)


def test_keys_are_replaced_from_a_file(where: Places, tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    signer = ec_signer()
    file.write_text(json.dumps({"keys": [signer.jwk | {"kid": "second"}]}))
    token = myspace("client", "token", MARKET, "--data", where.data).stdout.strip()
    with opened(where) as vault:
        client = waiting(vault, token)

    replaced = myspace("client", "keys", client.client_id, file, "--data", where.data)
    file.write_text(json.dumps({"keys": [signer.jwk | {"d": "AA"}]}))
    private = myspace("client", "keys", client.client_id, file, "--data", where.data)

    assert replaced.exit_code == 0
    told(private, Exit.DATA)
    with opened(where) as vault, vault.read() as tx:
        found = tx.clients.get(client.client_id)
    assert found is not None
    [kept] = read_jwks(found.jwks)
    assert (kept.kid, kept.thumbprint) == ("second", signer.thumbprint)


def test_a_token_is_for_a_department_that_is_known(where: Places) -> None:
    told(myspace("client", "token", "0" * 18, "--data", where.data), Exit.DATA)


@pytest.mark.parametrize("verb", ["show", "close", "refuse"])
def test_a_system_that_is_not_there_is_told(where: Places, verb: str) -> None:
    told(myspace("client", verb, "nobody", "--data", where.data), Exit.DATA)


def test_verbs_need_their_arguments(where: Places) -> None:
    with opened(where) as vault:
        verbs = operator_verbs(vault, demo=True)
        for name in ("client.approve", "client.show", "client.keys", "client.token"):
            with pytest.raises(InvalidInputError):
                verbs[name]({})


def test_the_operator_learns_why_a_request_was_refused(where: Places) -> None:
    there = ("--data", where.data)
    token = myspace("client", "token", MARKET, *there).stdout.strip()
    one = RefusedRequest(
        correlation="0123456789abcdef",
        client_id=ClientId("c-waiting"),
        proven=True,
        at=1_795_000_000,
        method="POST",
        path="/oauth/token",
        status=400,
        error="invalid_grant",
        reason="the code was used before",
    )
    with opened(where) as vault:
        waiting(vault, token)
        nothing = operator_verbs(vault, demo=True)["client.refusals"]({"name": "c-waiting"})
        with vault.work() as tx:
            tx.refusals.keep([one])

    by_client = myspace("client", "refusals", one.client_id, *there)
    by_answer = myspace("client", "refusals", one.correlation, *there)

    assert nothing == {"refusals": []}
    for shown in (by_client, by_answer):
        assert shown.exit_code == 0
        assert one.correlation in shown.stdout
    told(myspace("client", "refusals", "nobody", *there), Exit.DATA)


def test_a_developer_is_appointed_without_the_number_in_the_command(where: Places) -> None:
    with opened(where) as vault:
        fill(vault, folder=where.demo)
    number = next(
        one.number for one in people().values() if one.kind is IdentifierKind.RESIDENT_ID
    )

    def act(verb: str, typed: str) -> Result:
        words = ["developer", verb, MARKET, "--data", str(where.data)]
        return CliRunner().invoke(app, words, input=f"{typed}\n")

    appointed, again = act("appoint", number), act("appoint", number)
    dismissed = act("dismiss", number)
    unknown = act("appoint", synthetic_resident_id(99_999))
    wrong = act("appoint", "123")

    assert (appointed.exit_code, dismissed.exit_code) == (0, 0), appointed.output
    assert number not in appointed.output
    for one in (again, unknown, wrong):
        told(one, Exit.DATA)
    assert myspace("journal", "verify", "--data", where.data).exit_code == 0
