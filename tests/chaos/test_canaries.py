"""What is sealed is nowhere in clear: not on the disk, not in the log, not while it is served.

Strings that occur nowhere else are put into every place where somebody may put something:
evidence, names, contacts, files, the department's note, forms, paths and headers, also those
that are refused; with them go the secrets that were handed out. Then every byte is searched.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from scripts.demo_browser import Browser
from scripts.demo_clients import DemoClient
from scripts.demo_people import Paper, Somebody
from tests.support.canaries import Canaries, Tapped, tokens_in, writings
from tests.support.founding import POLICE, open_vault, put_on
from tests.support.node_clients import OPENID_CLIENT, connected
from tests.support.oauth_world import World
from tests.support.peers import Peer, PeerError
from tests.support.postgres import server_for_tests
from tests.support.served import REQUESTER, Served, Watched, served
from tests.support.town import PDF, Town
from vault.identifiers import IdentifierKind
from vault.identifiers.synthetic import synthetic_resident_id
from vault.records import RecordStatus
from vault.services.acting import Member
from vault.services.read_own import read_own_file, read_own_record
from vault.services.sealing import Incoming

HOLDER, STRANGER, BY_SERVICE = 1_300_001, 1_300_002, 1_300_003
FEWEST = 50
SECRET_CHARACTERS = 20
CODE = "ID01"
HEARD = {"DPoP", "Authorization", "client_assertion", "code", "code_verifier", "answer"}
"""What must have been heard; else the tap is no tap."""

pytestmark = pytest.mark.chaos


def somebody(canaries: Canaries) -> Somebody:
    return Somebody(
        key="canary",
        kind=IdentifierKind.RESIDENT_ID,
        number=canaries.put("number", synthetic_resident_id(HOLDER)),
        name=canaries.put("name", "鸑鷟鹔"),
        contact=canaries.put("contact", "kanarienvogel-one@example.org"),
    )


def card(canaries: Canaries, holder: Somebody) -> Paper:
    return Paper(
        holder=holder,
        code=CODE,
        issuer=POLICE,
        told=True,
        status=RecordStatus.VALID,
        valid_from=None,
        valid_to=None,
        fields={
            "name": holder.name,
            "sex": canaries.put("sex", "kanarienvogel-two"),
            "ethnicity": canaries.put("ethnicity", "kanarienvogel-3"),
            "birth_date": "1900-01-01",
            "domicile_address": canaries.put("address", "鸑鷟省鹔鹴市鸂鶒区"),
            "id_number": holder.number,
            "issuing_authority": canaries.put("authority", "鹴鸂鶒公安分局"),
            "valid_from": "2020-01-01",
            "valid_to": "2040-01-01",
        },
    )


def consented(server: Served, canaries: Canaries, holder: Somebody) -> None:
    """Deposit, ask, sign in, consent, redeem and pull over HTTP, as the story does."""
    tapped: list[Tapped] = []

    def connect(client: DemoClient, *, origin: str) -> Tapped:
        tapped.append(Tapped(client, origin=origin))
        return tapped[-1]

    server = replace(server, systems=connect)
    server.system(POLICE).deposit(card(canaries, holder))
    asked = server.authorized(holder, note=canaries.put("note", "为鸑鷟鹔鹴核对身份"))
    token = asked.requester.redeem(asked.request, callback=asked.callback)
    answer = asked.requester.pull(token, code=CODE, view="full")
    assert answer.body["fields"] == {"name": holder.name, "id_number": holder.number}
    remember(canaries, asked.browser)
    heard = {value: what for one in tapped for what, value in one.heard}
    for number, (value, what) in enumerate(heard.items()):
        canaries.put(f"{what} {number}", value)
    assert set(heard.values()) >= HEARD
    assert token.access_token in heard


def remember(canaries: Canaries, browser: Watched) -> None:
    """Remember what a browser was given."""
    for name, value in browser.cookies().items():
        if len(value) >= SECRET_CHARACTERS:
            canaries.put(f"cookie {name} {value[:4]}", value)


def refreshed(server: Served, canaries: Canaries, peer: Peer, holder: Somebody) -> None:
    """Ask for a refresh token, by a library that we did not write; use it, and give it back."""
    system = connected(server, peer, "canary-node")
    details = server.details(server.system(REQUESTER), holder, note="核对身份")
    address = system.push(details, scope="ev:identity:resident_id_card:full offline_access")
    canaries.put("request_uri", parse_qs(urlsplit(address).query)["request_uri"][0])
    browser, callback = server.decided(holder, address)
    canaries.put("code of a peer", parse_qs(urlsplit(callback).query)["code"][0])
    remember(canaries, browser)
    first = system.redeem(callback)
    second = system.refresh(first["refresh_token"])
    for what in ("access_token", "refresh_token"):
        canaries.put(f"{what} of a code", first[what])
    canaries.put("access_token of a refresh", second["access_token"])
    for token in (first["access_token"], second["access_token"]):
        assert system.resource(token, f"/v1/evidence/{CODE}?view=full")[0] == 200
    system.revoke(second["access_token"])
    system.revoke(first["refresh_token"])
    with pytest.raises(PeerError):
        system.refresh(first["refresh_token"])


def refused(server: Served, canaries: Canaries) -> None:
    """Send what is refused: it must leave no trace either."""
    browser = Browser(server.origin, locale="en")
    browser.open("/space/sign-in")
    stranger = canaries.put("stranger", synthetic_resident_id(STRANGER))
    browser.submit(browser.page.form(holding="number"), kind="resident_id_18", number=stranger)
    for what, path in (
        ("path", "/v1/records/{}"),
        ("query", "/v1/evidence/ID01?view={}"),
        ("scope", "/oauth/authorize?client_id=x&request_uri={}"),
        ("page", "/space/records/{}"),
    ):
        value = canaries.put(what, f"kanarienvogel-{what}-in-the-address")
        assert requests.get(server.origin + path.format(value), timeout=10).status_code < 500
    for what in ("authorization", "user-agent", "dpop", "cookie"):
        value = canaries.put(what, f"kanarienvogel-{what}-in-a-header")
        answer = requests.get(f"{server.origin}/v1/evidence", headers={what: value}, timeout=10)
        assert answer.status_code == 401
    for what, body in (("json", '{{"{}": '), ("member", '{{"{}": 1}}')):
        value = canaries.put(what, f"kanarienvogel-{what}-in-a-body")
        answer = requests.post(f"{server.origin}/v1/records", data=body.format(value), timeout=10)
        assert 400 <= answer.status_code < 500
    value = canaries.put("form", "kanarienvogel-in-a-form")
    answer = requests.post(
        f"{server.origin}/oauth/token",
        data={"grant_type": value, "code": value, "client_assertion": value},
        timeout=10,
    )
    assert 400 <= answer.status_code < 500


def by_services(folder: Path, origin: str, canaries: Canaries) -> None:
    """Deposit a file and a contact, and let the holder open both."""
    content = canaries.put("file", "kanarienvogel-inside-a-file")
    with open_vault(folder, issuer=origin) as vault:
        town = Town(vault)
        deposited = town.deposit(
            BY_SERVICE,
            name=canaries.put("second name", "鸂鶒鸑"),
            contact=canaries.put("mobile", "+8613000424242"),
            files=[
                Incoming(
                    name=canaries.put("file name", "kanarienvogel named.pdf"),
                    content=BytesIO(PDF + content.encode()),
                )
            ],
        )
        canaries.put("second number", town.number(BY_SERVICE).value)
        member = Member(signin=town.signin(town.space(BY_SERVICE)))
        own = read_own_record(vault, member, deposited.record_id)
        file = read_own_file(vault, member, deposited.record_id, number=1)
        assert own.payload.fields["name"] == canaries.planted["second name"]
        assert b"".join(file.pieces) == PDF + content.encode()


def searched(
    canaries: Canaries, peer: Callable[[str], Peer], folder: Path, *places: Path
) -> list[tuple[str, str]]:
    """Live through everything in ``folder``; return what is found there or in other places."""
    holder = somebody(canaries)

    def found() -> list[tuple[str, str]]:
        everywhere = (folder, *places)
        return [one for place in everywhere for one in (*canaries.found(place), *tokens_in(place))]

    with served(folder) as server:
        consented(server, canaries, holder)
        refreshed(server, canaries, peer(OPENID_CLIENT), holder)
        refused(server, canaries)
        clear = found()
    by_services(folder, server.origin, canaries)
    clear += found()
    assert len(canaries.planted) >= FEWEST
    assert len(set(canaries.planted.values())) == len(canaries.planted)
    assert server.log.stat().st_size > 0
    return clear


IN_CLEAR = Canaries({"client": f"demo-{POLICE[11:17]}"})
"""What may be found, and shows that the search looks where the rows are."""


def test_b58_no_canary_is_on_the_disk_or_in_the_log(
    tmp_path: Path, peer: Callable[[str], Peer]
) -> None:
    assert searched(Canaries(), peer, tmp_path) == []
    assert {name for _, name in IN_CLEAR.found(tmp_path / "data")} >= {"vault.db"}


def test_b58_no_canary_is_in_the_files_or_the_log_of_a_database_server(
    tmp_path: Path, peer: Callable[[str], Peer]
) -> None:
    settings: dict[str, str | int | bool] = {
        "fsync": True,
        "log_statement": "all",
        "log_min_error_statement": "info",
    }
    with server_for_tests(settings=settings) as server:
        put_on(tmp_path, address=server.address(), password_file=server.password_file)

        assert searched(Canaries(), peer, tmp_path, server.folder) == []

        server.admin("CHECKPOINT")
        in_clear = {name for _, name in IN_CLEAR.found(server.folder)}
    assert server.log.name in in_clear  # Everything that was said to it stands there.
    assert any(name.isdigit() for name in in_clear)


def test_the_search_finds_what_is_in_clear(tmp_path: Path) -> None:
    canaries = Canaries()
    value = canaries.put("name", "鸑鷟鹔 kanarienvogel")
    for number, one in enumerate(writings(value)):
        (tmp_path / f"{number}").write_bytes(b"before" + one + b"after")
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + value.encode() + b"yy")
        (tmp_path / f"base64-{shift}").write_bytes(encoded)

    found = canaries.found(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {name for _, name in found}


def test_b58_the_search_finds_every_form_of_token(tmp_path: Path) -> None:
    world = World()
    tokens = [world.offline()[name] for name in ("access_token", "refresh_token")]
    tokens += [world.code(), world.push().json()["request_uri"].rpartition(":")[2]]
    (tmp_path / "dump").write_bytes(b"\x00".join(token.encode() for token in tokens))

    assert sorted(tokens_in(tmp_path)) == sorted((token, "dump") for token in tokens)
