"""Certificates as the application sees them: who is proven, and what tokens are bound to.

That a certificate here is the caller's own is the proxy's word: ``test_mtls_nginx`` has a real
one, and ``tests/unit/api/test_proxies`` those who are none.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from httpx2 import Response as Answered

from api.oauth.mtls import MutualTls
from api.oauth.resource import ALGS
from api.proxies import CERTIFICATE
from tests.support.certificates import FOR_SERVERS, Authority, Made, self_signed
from tests.support.oauth_world import KEYS, NOW, ORIGIN, REDIRECT, VERIFIER, World, client
from vault.clients import Client, ClientStatus, Profile
from vault.clients.authorities import Authorities
from vault.clients.certificates import Naming
from vault.clients.confirmation import Confirmation
from vault.clients.keys import NO_KEYS
from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.errors import InvalidInputError

AT = datetime.fromtimestamp(NOW, UTC)
ALIAS = "https://mtls.example.org"
ISSUING = Authority.new("issuing", now=AT)
LICENSING = ISSUING.issue(
    "licensing", alternatives=[x509.DNSName("licensing.example.org")], now=AT
)
RENEWED = ISSUING.issue("licensing", alternatives=[x509.DNSName("licensing.example.org")], now=AT)
OWN = self_signed("own", now=AT)
REFUSED = {"error": "invalid_client", "error_description": "client authentication failed"}
WHERE = f'resource_metadata="{ORIGIN}/.well-known/oauth-protected-resource"'


def by_authority(name: str = "licensing", **changes: Any) -> Client:  # noqa: ANN401 - any field
    """Return a client that an authority vouches for."""
    told = ClientMetadata(
        auth_method=AuthMethod.TLS, tls_subject=f"{Naming.DNS.value}=licensing.example.org"
    )
    return replace(client(name, jwks=NO_KEYS, metadata=told), **changes)


def by_thumbprint(*made: Made) -> Client:
    """Return a client that is known by certificates of its own."""
    told = ClientMetadata(
        auth_method=AuthMethod.SELF_SIGNED_TLS,
        tls_thumbprints=tuple(one.thumbprint for one in made),
    )
    return client("licensing", jwks=NO_KEYS, metadata=told)


@pytest.fixture
def world() -> Iterator[World]:
    """Return a server that asks for certificates, and a client that has one."""
    trusted = Authorities.read(ISSUING.pem.encode())
    found = World(mtls=MutualTls(alias=ALIAS, authorities=trusted))
    found.memory.add(by_authority())
    with found.http:
        yield found


def send(
    world: World,
    path: str,
    form: dict[str, Any],
    *,
    made: Made | None = LICENSING,
    client_id: str = "licensing",
    proof: str | None = None,
) -> Answered:
    """Send a form as a client that has a certificate, or none."""
    headers = {} if made is None else {CERTIFICATE: made.escaped}
    if proof is not None:
        headers["DPoP"] = proof
    sent = {"client_id": client_id} | form
    return world.http.post(
        path, data={name: value for name, value in sent.items() if value}, headers=headers
    )


def registry(world: World, **how: Any) -> Answered:  # noqa: ANN401 - as send
    """Ask for a token without a holder."""
    form = {"grant_type": "client_credentials", "scope": "records:write"}
    return send(world, "/oauth/token", form, **how)


def redeem(world: World, code: str, **how: Any) -> Answered:  # noqa: ANN401 - as send
    """Exchange a code."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return send(world, "/oauth/token", form, **how)


def use(
    world: World, token: str, made: Made | None, *, path: str = "/v1/probe", scheme: str = "Bearer"
) -> Answered:
    """Use a token with a certificate, or without one."""
    headers = {"Authorization": f"{scheme} {token}"}
    if made is not None:
        headers[CERTIFICATE] = made.escaped
    return world.http.get(path, headers=headers)


# -- who is proven -------------------------------------------------------------------------


def test_b05_a_certificate_proves_a_client_and_binds_its_token(world: World) -> None:
    answer = registry(world)

    told = answer.json()
    assert (answer.status_code, told["token_type"]) == (200, "Bearer")
    assert use(world, told["access_token"], LICENSING).status_code == 200
    assert world.introspect(told["access_token"])["cnf"] == {"x5t#S256": LICENSING.thumbprint}
    assert world.introspect(told["access_token"])["token_type"] == "Bearer"  # noqa: S105 - a name


def test_b05_a_registered_certificate_of_its_own_proves_a_client(world: World) -> None:
    world.memory.add(by_thumbprint(self_signed("next", now=AT), OWN))

    answers = [registry(world, made=made).status_code for made in (OWN, LICENSING)]

    assert answers == [200, 401]


@pytest.mark.parametrize(
    "made",
    [
        None,
        ISSUING.issue("other", alternatives=[x509.DNSName("other.example.org")], now=AT),
        ISSUING.issue("licensing", now=AT),
        Authority.new("issuing", now=AT).issue(
            "licensing", alternatives=[x509.DNSName("licensing.example.org")], now=AT
        ),
        ISSUING.issue(
            "licensing",
            alternatives=[x509.DNSName("licensing.example.org")],
            now=AT - timedelta(days=1),
        ),
        ISSUING.issue(
            "licensing",
            alternatives=[x509.DNSName("licensing.example.org")],
            now=AT,
            usages=FOR_SERVERS,
        ),
        OWN,
    ],
    ids=["none", "other subject", "no name", "other authority", "expired", "a server's", "own"],
)
def test_b05_any_other_certificate_proves_nobody(world: World, made: Made | None) -> None:
    answer = registry(world, made=made)

    assert (answer.status_code, answer.json()) == (401, REFUSED)
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("client_id", ["", "other", "nobody", "x" * 256, "a\x00b", "許可"])
def test_b15_a_certificate_proves_the_client_that_is_named_or_nobody(
    world: World, client_id: str
) -> None:
    answer = registry(world, client_id=client_id)

    assert (answer.status_code, answer.json()) == (401, REFUSED)


@pytest.mark.parametrize("written", ["x", "%FF", OWN.escaped * 2, OWN.escaped[:-40]])
def test_b05_what_is_no_certificate_proves_nobody(world: World, written: str) -> None:
    world.memory.add(by_thumbprint(OWN))
    form = {"client_id": "licensing", "grant_type": "client_credentials", "scope": "records:write"}

    answer = world.http.post("/oauth/token", data=form, headers={CERTIFICATE: written})

    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_b15_a_client_has_the_one_method_that_it_is_registered_for(world: World) -> None:
    keys = client("licensing").jwks
    world.memory.add(by_authority(jwks=keys))
    by_assertion = world.registry_token()
    world.memory.add(client("licensing"))
    by_certificate = registry(world)

    assert [one.json() for one in (by_assertion, by_certificate)] == [REFUSED, REFUSED]


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        ({"client_secret": "guess"}, {}),
        ({}, {"Authorization": "Basic bGljZW5zaW5nOng="}),
        ({"client_assertion": "a.b.c"}, {}),
    ],
    ids=["secret", "basic", "assertion"],
)
def test_b15_with_another_mechanism_beside_it_a_certificate_proves_nobody(
    world: World, sent: dict[str, str], headers: dict[str, str]
) -> None:
    form = {"client_id": "licensing", "grant_type": "client_credentials", "scope": "records:write"}

    answer = world.http.post(
        "/oauth/token", data=form | sent, headers={CERTIFICATE: LICENSING.escaped} | headers
    )

    assert (answer.status_code, answer.json()) == (401, REFUSED)


def test_b15_two_mechanisms_are_two_with_a_certificate_too(world: World) -> None:
    answer = world.registry_token(
        headers={CERTIFICATE: LICENSING.escaped, "Authorization": "Basic bGljZW5zaW5nOng="}
    )

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_b15_a_suspended_client_is_not_let_in_by_its_certificate(world: World) -> None:
    world.memory.add(by_authority(status=ClientStatus.SUSPENDED))

    assert registry(world).json() == REFUSED


def test_b05_where_nothing_is_turned_on_a_certificate_says_nothing() -> None:
    world = World()
    world.memory.add(by_thumbprint(OWN))
    with world.http:
        token = world.registry_token(client="other").json()["access_token"]

        assert registry(world, made=OWN).json() == REFUSED
        challenge = use(world, token, OWN).headers["www-authenticate"]
        assert challenge == f'DPoP error="invalid_token", {ALGS}, {WHERE}'


def test_b05_without_a_list_of_authorities_nobody_is_vouched_for() -> None:
    world = World(mtls=MutualTls(alias=ALIAS))
    world.memory.add(by_authority())
    with world.http:
        assert registry(world).json() == REFUSED


def test_a_resource_server_may_have_a_certificate(world: World) -> None:
    told = ClientMetadata(
        auth_method=AuthMethod.SELF_SIGNED_TLS, tls_thumbprints=(OWN.thumbprint,)
    )
    world.memory.add(
        client("checker", profile=Profile.RS, grant_types=frozenset(), jwks=NO_KEYS, metadata=told)
    )
    token = registry(world).json()["access_token"]

    answer = send(world, "/oauth/introspect", {"token": token}, made=OWN, client_id="checker")

    assert answer.json()["active"] is True


# -- what a token is bound to --------------------------------------------------------------


@pytest.mark.parametrize("made", [RENEWED, OWN, None], ids=["renewed", "own", "none"])
def test_b25_a_bound_token_without_its_certificate_is_refused(
    world: World, made: Made | None
) -> None:
    token = registry(world).json()["access_token"]

    answer = use(world, token, made)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        f'Bearer error="invalid_token", {WHERE}, DPoP {ALGS}, {WHERE}',
    )


def test_b25_a_header_that_is_no_certificate_is_refused(world: World) -> None:
    token = registry(world).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", CERTIFICATE: "x"}

    assert world.http.get("/v1/probe", headers=headers).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_b25_the_scheme_is_matched_without_case(world: World, scheme: str) -> None:
    token = registry(world).json()["access_token"]

    assert use(world, token, LICENSING, scheme=scheme).status_code == 200


def test_b25_a_token_of_a_certificate_is_refused_with_a_proof(world: World) -> None:
    token = registry(world).json()["access_token"]

    answer = world.use(token)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        f'DPoP error="invalid_token", {ALGS}, {WHERE}, Bearer {WHERE}',
    )


def test_b25_a_token_of_a_key_is_refused_as_bearer_whatever_the_certificate(world: World) -> None:
    told = registry(world, proof=world.proof("/oauth/token")).json()
    assert told["token_type"] == "DPoP"  # noqa: S105 - a name

    answers = [
        use(world, told["access_token"], made).status_code for made in (LICENSING, OWN, None)
    ]

    assert answers == [401, 401, 401]
    assert world.use(told["access_token"]).status_code == 200


def test_b25_other_schemes_are_none_here_either(world: World) -> None:
    token = registry(world).json()["access_token"]

    answer = use(world, token, LICENSING, scheme="Basic")

    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')


def test_a_certificate_binds_the_token_of_a_client_that_signs_assertions(world: World) -> None:
    answer = world.registry_token(client="other", proof=None, headers={CERTIFICATE: OWN.escaped})

    token = answer.json()["access_token"]
    assert answer.json()["token_type"] == "Bearer"  # noqa: S105 - a name
    assert [use(world, token, made).status_code for made in (OWN, LICENSING)] == [200, 401]


def test_a_client_that_signs_is_told_that_its_certificate_cannot_be_read(world: World) -> None:
    answer = world.registry_token(client="other", headers={CERTIFICATE: "x"})

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "invalid_request",
            "error_description": "the client certificate cannot be read",
        },
    )


def test_a_token_used_where_there_is_no_journal_entry_needs_no_proof_to_spend(
    world: World,
) -> None:
    token = registry(world).json()["access_token"]

    answers = [use(world, token, LICENSING, path="/v1/once").status_code for _ in range(2)]

    assert answers == [200, 200]


def test_a_token_without_the_scope_is_told_which_one_in_its_own_scheme(world: World) -> None:
    form = {"grant_type": "client_credentials", "scope": "registry:read"}
    token = send(world, "/oauth/token", form).json()["access_token"]

    answer = use(world, token, LICENSING, path="/v1/once")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        403,
        f'Bearer error="insufficient_scope", scope="records:write", {WHERE}, DPoP {ALGS}, {WHERE}',
    )


def test_b55_without_a_token_both_ways_in_are_told(world: World) -> None:
    answer = world.http.get("/v1/probe")

    assert answer.headers["www-authenticate"] == f"DPoP {ALGS}, {WHERE}, Bearer {WHERE}"


# -- codes and refresh tokens --------------------------------------------------------------


def test_b05_a_pushed_request_is_bound_to_the_certificate(world: World) -> None:
    answer = send(world, "/oauth/par", world.request())

    [row] = world.memory.rows.pushed.values()
    assert (answer.status_code, row.cnf) == (201, Confirmation.certificate(LICENSING.thumbprint))


def test_b22_a_key_that_is_proven_or_named_comes_before_the_certificate(world: World) -> None:
    named = KEYS["proof"].thumbprint

    answers = [
        send(world, "/oauth/par", world.request(dpop_jkt=named)),
        send(world, "/oauth/par", world.request(), proof=world.proof("/oauth/par")),
    ]

    assert [one.status_code for one in answers] == [201, 201]
    rows = world.memory.rows.pushed.values()
    assert {row.cnf for row in rows} == {Confirmation.key(named)}


def test_b05_a_code_is_redeemed_with_its_certificate_alone(world: World) -> None:
    cnf = Confirmation.certificate(LICENSING.thumbprint)

    answers = [
        redeem(world, world.code(cnf=cnf), made=RENEWED),
        redeem(world, world.code(cnf=cnf)),
        redeem(world, world.code(), proof=None),
        redeem(world, world.code(), proof=world.proof("/oauth/token")),
    ]

    assert [one.json().get("error") or one.json()["token_type"] for one in answers] == [
        "invalid_grant",
        "Bearer",
        "invalid_grant",
        "DPoP",
    ]


def test_b28_a_refresh_token_is_good_with_its_certificate_alone(world: World) -> None:
    cnf = Confirmation.certificate(LICENSING.thumbprint)
    first = redeem(world, world.code(cnf=cnf, scope="offline_access")).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    answers = [send(world, "/oauth/token", form, made=made) for made in (LICENSING, RENEWED, None)]

    told = answers[0].json()
    assert (told["refresh_token"], told["token_type"]) == (first["refresh_token"], "Bearer")
    assert use(world, told["access_token"], LICENSING).status_code == 200
    assert [one.json().get("error") for one in answers[1:]] == ["invalid_grant", "invalid_client"]
    [misuse] = world.misused
    assert misuse.trace.certificate == RENEWED.thumbprint


def test_b23_a_proof_may_name_the_host_that_asks_for_certificates(world: World) -> None:
    proof = world.proof("/oauth/token", htu=f"{ALIAS}/oauth/token")
    elsewhere = world.proof("/oauth/token", htu="https://other.example.org/oauth/token")

    answers = [registry(world, proof=one) for one in (proof, elsewhere)]

    assert [one.status_code for one in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_dpop_proof"


def test_a_token_can_be_revoked_by_certificate(world: World) -> None:
    token = registry(world).json()["access_token"]

    answer = send(world, "/oauth/revoke", {"token": token})

    assert answer.status_code == 200
    assert use(world, token, LICENSING).status_code == 401


# -- what the server says of itself --------------------------------------------------------


def test_b01_what_certificates_are_for_is_told_where_it_is_turned_on(world: World) -> None:
    found = world.http.get("/.well-known/oauth-authorization-server").json()

    assert found["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ]
    assert found["tls_client_certificate_bound_access_tokens"] is True
    aliases = found["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"{ALIAS}/oauth/token"
    assert aliases["pushed_authorization_request_endpoint"] == f"{ALIAS}/oauth/par"
    assert not aliases.keys() & {"authorization_endpoint", "jwks_uri", "issuer"}
    assert found["token_endpoint"] == f"{ORIGIN}/oauth/token"


def test_b01_without_authorities_nobody_vouches_and_metadata_say_so() -> None:
    world = World(mtls=MutualTls.of(alias=ALIAS, authorities_file=None))
    with world.http:
        found = world.http.get("/.well-known/oauth-authorization-server").json()

    assert found["token_endpoint_auth_methods_supported"] == [
        "private_key_jwt",
        "self_signed_tls_client_auth",
    ]


def test_b55_the_resource_takes_both_kinds_of_token(world: World) -> None:
    found = world.http.get("/.well-known/oauth-protected-resource").json()

    assert found["tls_client_certificate_bound_access_tokens"] is True
    assert found["dpop_bound_access_tokens_required"] is False


def test_the_operators_list_is_read_from_its_file(tmp_path: Path) -> None:
    listed = tmp_path / "authorities.pem"
    listed.write_text(ISSUING.pem)

    assert MutualTls.of(alias=ALIAS, authorities_file=listed).authorities is not None
    with pytest.raises(InvalidInputError, match="AUTHORITIES_FILE cannot be read"):
        MutualTls.of(alias=ALIAS, authorities_file=tmp_path / "missing.pem")
    listed.write_text(LICENSING.pem)
    with pytest.raises(InvalidInputError, match="AUTHORITIES_FILE: the list holds"):
        MutualTls.of(alias=ALIAS, authorities_file=listed)
