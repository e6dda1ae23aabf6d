"""Certificates of real callers, seen by Debian's nginx, whom alone the server believes."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import uvicorn
from cryptography import x509
from fastapi import FastAPI

from api.mtls_settings import MtlsSettings
from api.proxies import CERTIFICATE
from scripts.demo_clients import REDIRECT
from scripts.local.accounts import open_folder
from scripts.local.nginx import Certificate, Nginx, running_nginx
from scripts.local.process import free_port
from scripts.registering import register
from tests.support.certificates import (
    FOR_SERVERS,
    Authority,
    Made,
    self_signed,
)
from tests.support.http_world import (
    HOST,
    MARKET,
    ORIGIN,
    VERIFIER,
    HttpWorld,
    System,
    open_world,
    registration_of,
)
from tests.support.peers import Peer, PeerError
from vault.journal.entries import Entry
from vault.journal.plain import canonical_json
from vault.journal.receipts import parse_receipt
from vault.journal.statements import Opening, verify_opening

SECONDS = 10
PROXY = "127.0.0.2"
"""Where nginx comes from: everybody else in these tests comes from 127.0.0.1."""

NAME = "market.example.org"
SYSTEM = "market-by-certificate"
OWN = "market-by-thumbprint"
ISSUING = Authority.new("issuing")
MARKETS = ISSUING.issue("market", alternatives=[x509.DNSName(NAME)])
OWNS = self_signed("own")
REFUSED = (401, "invalid_client")


@dataclass(frozen=True)
class Place:
    """A deployment behind a proxy.

    Attributes:
        direct: Origin of the server itself, which only the proxy should be able to reach.
        folder: For the files of callers.
    """

    world: HttpWorld
    nginx: Nginx
    direct: str
    authority: str
    folder: Path

    def caller(self, made: Made | None) -> requests.Session:
        """Return somebody who has a certificate, or none."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.authority
        if made is not None:
            session.cert = made.files(self.folder, made.thumbprint)
        return session

    def registry(
        self,
        made: Made | None,
        *,
        origin: str = "",
        client_id: str = SYSTEM,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """Ask for a token without a holder, at the alias unless said otherwise."""
        form = {
            "grant_type": "client_credentials",
            "scope": "cases:write",
            "client_id": client_id,
        }
        with self.caller(made) as session:
            return session.post(
                f"{origin or self.nginx.alias}/oauth/token",
                data=form,
                headers=headers,
                timeout=SECONDS,
            )

    def look(
        self, token: str, made: Made | None, *, origin: str = "", claimed: Made | None = None
    ) -> requests.Response:
        """Use a token."""
        headers = {"Authorization": f"Bearer {token}"}
        if claimed is not None:
            headers[CERTIFICATE] = claimed.escaped
        with self.caller(made) as session:
            return session.get(
                f"{origin or self.nginx.alias}/v1/evidence", headers=headers, timeout=SECONDS
            )


@contextmanager
def listening(app: FastAPI) -> Iterator[int]:
    """Serve ``app`` on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", ws="none", proxy_headers=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Serve behind nginx, with two systems that have certificates."""
    with ExitStack() as stack:
        folder, alias_port = stack.enter_context(open_folder()), free_port()
        (folder / "world").mkdir()
        listed = folder / "authorities.pem"
        listed.write_text(ISSUING.pem)
        world = stack.enter_context(
            open_world(
                folder / "world",
                mtls=MtlsSettings(
                    alias=f"https://127.0.0.1:{alias_port}", authorities_file=listed
                ),
                proxies=PROXY,
            )
        )
        for system in (by_authority(world), by_thumbprint(world)):
            register(world.vault, json.dumps(system), demo=True)
        backend = stack.enter_context(listening(world.app))
        servers = Authority.new("servers")
        names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName(HOST)]
        made = servers.issue("127.0.0.1", alternatives=names, usages=FOR_SERVERS)
        chain, key = made.files(folder, "server")
        nginx = stack.enter_context(
            running_nginx(
                folder / "nginx",
                backends=[backend],
                certificate=Certificate(chain=Path(chain), key=Path(key)),
                alias_port=alias_port,
                source=PROXY,
            )
        )
        yield Place(
            world=world,
            nginx=nginx,
            direct=f"http://127.0.0.1:{backend}",
            authority=servers.files(folder, "servers")[0],
            folder=folder,
        )


def by_authority(world: HttpWorld) -> dict[str, Any]:
    """Return the registration of a system that an authority vouches for; it has no keys."""
    plain = registration_of(System(world, MARKET, SYSTEM))
    del plain["jwks"]
    return plain | {
        "auth_method": "tls_client_auth",
        "tls_subject": f"tls_client_auth_san_dns={NAME}",
    }


def by_thumbprint(world: HttpWorld) -> dict[str, Any]:
    """Return the registration of a system that is known by its own certificate."""
    plain = registration_of(System(world, MARKET, OWN))
    del plain["jwks"]
    return plain | {
        "auth_method": "self_signed_tls_client_auth",
        "tls_thumbprints": [OWNS.thumbprint],
    }


def read_entry(pulled: dict[str, Any]) -> Entry:
    """Return the entry of a pull, opened with what its answer brought."""
    opening = Opening.from_json(canonical_json(pulled["opening"]))
    receipt = parse_receipt(pulled["receipt"]["text"], entry_id=opening.entry_id)
    return verify_opening(opening, leaf=receipt.leaf)


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return status and code of an answer in the form of OAuth."""
    return answer.status_code, answer.json().get("error", "")


def test_b05_a_system_with_a_certificate_comes_from_the_request_to_the_evidence(
    place: Place,
) -> None:
    world = place.world
    person, _ = world.settled()
    system = System(world, MARKET, SYSTEM)
    case_no = world.market.open_case(person).json()["case_no"]
    with place.caller(MARKETS) as session:
        pushed = session.post(
            f"{place.nginx.alias}/oauth/par", data=system.request(case_no), timeout=SECONDS
        )
        callback = world.browser(person).decide(system, pushed.json()["request_uri"])
        redeemed = session.post(
            f"{place.nginx.alias}/oauth/token",
            data={
                "grant_type": "authorization_code",
                "client_id": SYSTEM,
                "code": parse_qs(urlsplit(callback).query)["code"],
                "redirect_uri": REDIRECT,
                "code_verifier": VERIFIER,
            },
            timeout=SECONDS,
        ).json()
        pulled = session.get(
            f"{place.nginx.alias}/v1/evidence/ID01?view=full",
            headers={"Authorization": f"Bearer {redeemed['access_token']}"},
            timeout=SECONDS,
        )

    assert (redeemed["token_type"], pulled.status_code) == ("Bearer", 200)
    told = world.checker.form("/oauth/introspect", {"token": redeemed["access_token"]}).json()
    assert told["cnf"] == {"x5t#S256": MARKETS.thumbprint}
    traced = read_entry(pulled.json()).request
    assert traced is not None
    assert (traced.certificate, traced.dpop_jkt, traced.proof, traced.network) == (
        MARKETS.thumbprint,
        None,
        None,
        "127.0.0.0/24",
    )
    others = [(OWNS, ""), (None, ""), (MARKETS, place.nginx.origin), (None, place.direct)]
    answers = [
        place.look(redeemed["access_token"], made, origin=origin, claimed=MARKETS)
        for made, origin in others
    ]
    assert [(one.status_code, one.headers["www-authenticate"][:29]) for one in answers] == [
        (401, 'Bearer error="invalid_token",')
    ] * 4


def test_b05_a_certificate_of_its_own_is_enough_where_it_is_registered(place: Place) -> None:
    answer = place.registry(OWNS, client_id=OWN)

    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    assert refusal(place.registry(MARKETS, client_id=OWN)) == REFUSED
    assert refusal(place.registry(OWNS)) == REFUSED


@pytest.mark.parametrize(
    "made",
    [
        None,
        ISSUING.issue("other", alternatives=[x509.DNSName("other.example.org")]),
        Authority.new("issuing").issue("market", alternatives=[x509.DNSName(NAME)]),
        ISSUING.issue(
            "market",
            alternatives=[x509.DNSName(NAME)],
            now=datetime.now(tz=UTC) - timedelta(days=1),
        ),
        ISSUING.issue("market", alternatives=[x509.DNSName(NAME)], usages=FOR_SERVERS),
        self_signed("market", now=datetime.now(tz=UTC) - timedelta(days=1)),
    ],
    ids=["none", "other subject", "other authority", "expired", "a server's", "own, expired"],
)
def test_b05_any_other_certificate_is_refused_in_the_form_of_oauth(
    place: Place, made: Made | None
) -> None:
    assert refusal(place.registry(made)) == REFUSED


def test_b05_an_expired_certificate_is_no_certificate_at_a_resource_either(place: Place) -> None:
    token = place.registry(MARKETS).json()["access_token"]
    expired = ISSUING.issue(
        "market",
        alternatives=[x509.DNSName(NAME)],
        now=datetime.now(tz=UTC) - timedelta(days=1),
    )

    assert place.look(token, expired).status_code == 401


@pytest.mark.parametrize("origin", ["direct", "main", "alias"])
@pytest.mark.parametrize("header", [CERTIFICATE, CERTIFICATE.upper(), "X_Client_Certificate"])
def test_b05_a_header_that_claims_a_certificate_proves_nobody(
    place: Place, origin: str, header: str
) -> None:
    at = {"direct": place.direct, "main": place.nginx.origin, "alias": place.nginx.alias}[origin]

    answer = place.registry(None, origin=at, headers={header: MARKETS.escaped})

    assert refusal(answer) == REFUSED


def test_b05_a_header_changes_nothing_about_the_certificate_that_was_seen(place: Place) -> None:
    claimed = {CERTIFICATE: MARKETS.escaped}

    assert refusal(place.registry(OWNS, headers=claimed)) == REFUSED
    assert place.registry(OWNS, client_id=OWN, headers=claimed).status_code == 200


def test_b05_at_the_main_host_nobody_is_asked_for_a_certificate(place: Place) -> None:
    assert refusal(place.registry(MARKETS, origin=place.nginx.origin)) == REFUSED


def test_people_are_not_served_where_certificates_are_asked_for(place: Place) -> None:
    with place.caller(None) as session:
        answers = [
            session.get(f"{origin}/space/sign-in", timeout=SECONDS, allow_redirects=False)
            for origin in (place.nginx.origin, place.nginx.alias)
        ]

    assert [one.status_code for one in answers] == [200, 404]


def test_b01_every_alias_answers(place: Place) -> None:
    with place.caller(MARKETS) as session:
        found = session.get(
            f"{place.nginx.origin}/.well-known/oauth-authorization-server", timeout=SECONDS
        ).json()["mtls_endpoint_aliases"]
        answers = {
            name: session.post(address, data={"client_id": SYSTEM}, timeout=SECONDS).status_code
            for name, address in found.items()
        }

    assert all(address.startswith(place.nginx.alias) for address in found.values())
    assert answers.pop("introspection_endpoint") == 400
    assert answers.pop("grant_management_endpoint") == 404
    assert answers.pop("userinfo_endpoint") == 401
    assert set(answers.values()) == {400}


def connected(place: Place, peer: Peer, made: Made) -> Peer:
    """Let the library discover the server, with a certificate."""
    chain, key = made.files(place.folder, made.thumbprint)
    peer.ask(
        "discover",
        issuer=ORIGIN,
        clientId=SYSTEM,
        redirectUri=REDIRECT,
        ca=place.authority,
        cert=chain,
        key=key,
        ports={HOST: {"port": place.nginx.port}},
    )
    return peer


def test_b05_an_independent_client_comes_from_discovery_to_the_evidence(
    place: Place, peer: Callable[[str], Peer]
) -> None:
    world = place.world
    person, _ = world.settled()
    system = System(world, MARKET, SYSTEM)
    case_no = world.market.open_case(person).json()["case_no"]
    details = json.loads(system.request(case_no)["authorization_details"])
    library = connected(place, peer("mtls"), MARKETS)

    asked = library.ask("push", redirectUri=REDIRECT, details=details)
    request_uri = parse_qs(urlsplit(asked).query)["request_uri"][0]
    callback = world.browser(person).decide(system, request_uri)
    # The library's own state goes round with the pushed request.
    tokens = library.ask("redeem", callback=callback)
    address = f"{place.nginx.alias}/v1/evidence/ID01?view=full"
    pulled = library.ask("resource", token=tokens["access_token"], url=address)
    library.ask("revoke", token=tokens["access_token"])
    told = world.checker.form("/oauth/introspect", {"token": tokens["access_token"]}).json()

    assert tokens["token_type"] == "bearer"  # As the library writes it. # noqa: S105
    assert (pulled["status"], pulled["body"]["fields"]["name"]) == (200, person.name)
    assert told == {"active": False}


def test_b05_an_independent_client_with_another_certificate_is_told_so(
    place: Place, peer: Callable[[str], Peer]
) -> None:
    library = connected(place, peer("mtls"), OWNS)

    with pytest.raises(PeerError) as refused:
        library.ask("credentials", scope="cases:write")

    assert (refused.value.status, refused.value.error) == REFUSED
