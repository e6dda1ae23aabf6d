"""What is sealed is nowhere in clear: not on the disk, not in the log, not while it is served.

Strings that occur nowhere else are put into every place where somebody may put something:
evidence, names, contacts, files, the department's note, forms, paths and headers, also those
that are refused; with them go the secrets that were handed out. Then every byte is searched.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from scripts.demo_browser import Browser
from scripts.demo_people import Paper, Somebody
from tests.support.founding import POLICE, open_vault, put_on
from tests.support.postgres import server_for_tests
from tests.support.served import Served, served
from tests.support.town import PDF, Town
from vault.identifiers import IdentifierKind
from vault.identifiers.synthetic import synthetic_resident_id
from vault.records import RecordStatus
from vault.services.acting import Member
from vault.services.read_own import read_own_file, read_own_record
from vault.services.sealing import Incoming

HOLDER, STRANGER, BY_SERVICE = 1_300_001, 1_300_002, 1_300_003
FEWEST = 20
SECRET_CHARACTERS = 20
CODE = "ID01"

pytestmark = pytest.mark.chaos


@dataclass
class Canaries:
    """What must not be found, by what it is."""

    planted: dict[str, str] = field(default_factory=dict)

    def put(self, what: str, value: str) -> str:
        """Remember ``value``, and return it to be planted."""
        self.planted[what] = value
        return value

    def found(self, folder: Path) -> list[tuple[str, str]]:
        """Return which canary is in which file, in any of the usual writings."""
        written = [
            (what, one) for what, value in self.planted.items() for one in set(writings(value))
        ]
        return [
            (what, path.name)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
            for content in [path.read_bytes()]
            for what, one in written
            if one in content
        ]


def writings(value: str) -> Iterator[bytes]:
    """Yield ``value`` as bytes, as UTF-16, escaped as in JSON and URLs, as hex and base64."""
    plain = value.encode()
    yield plain
    yield value.encode("utf-16-le")
    yield value.encode("ascii", "backslashreplace")
    yield plain.hex().encode()
    yield quote(value).encode()
    for shift in range(3):  # Base64 depends on where in a group of three the value begins.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(shift) + plain)[4 if shift else 0 : -4]


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
    server.system(POLICE).deposit(card(canaries, holder))
    asked = server.authorized(holder, note=canaries.put("note", "为鸑鷟鹔鹴核对身份"))
    canaries.put("request_uri", parse_qs(urlsplit(asked.address).query)["request_uri"][0])
    canaries.put("code", parse_qs(urlsplit(asked.callback).query)["code"][0])
    token = asked.requester.redeem(asked.request, callback=asked.callback)
    canaries.put("access token", token.access_token)
    for name, value in asked.browser.cookies().items():
        if len(value) >= SECRET_CHARACTERS:
            canaries.put(f"cookie {name}", value)
    answer = asked.requester.pull(token, code=CODE, view="full")
    assert answer.body["fields"] == {"name": holder.name, "id_number": holder.number}


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


def searched(canaries: Canaries, folder: Path, *places: Path) -> list[tuple[str, str]]:
    """Live through everything in ``folder``; return what is found there or in other places."""
    everywhere = (folder, *places)
    holder = somebody(canaries)
    with served(folder) as server:
        consented(server, canaries, holder)
        refused(server, canaries)
        found = [one for place in everywhere for one in canaries.found(place)]
    by_services(folder, server.origin, canaries)
    found += [one for place in everywhere for one in canaries.found(place)]
    assert len(canaries.planted) >= FEWEST
    assert len(set(canaries.planted.values())) == len(canaries.planted)
    assert server.log.stat().st_size > 0
    return found


IN_CLEAR = Canaries({"client": f"demo-{POLICE[11:17]}"})
"""What may be found, and shows that the search looks where the rows are."""


def test_no_canary_is_on_the_disk_or_in_the_log(tmp_path: Path) -> None:
    assert searched(Canaries(), tmp_path) == []
    assert {name for _, name in IN_CLEAR.found(tmp_path / "data")} >= {"vault.db"}


def test_no_canary_is_in_the_files_or_the_log_of_a_database_server(tmp_path: Path) -> None:
    settings: dict[str, str | int | bool] = {
        "fsync": True,
        "log_statement": "all",
        "log_min_error_statement": "info",
    }
    with server_for_tests(settings=settings) as server:
        put_on(tmp_path, address=server.address(), password_file=server.password_file)

        assert searched(Canaries(), tmp_path, server.folder) == []

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
