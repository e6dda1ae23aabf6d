import pytest

from api.oauth.kernel import OpenIDProviderMetadata
from api.oauth.wellknown import OpenIdMetadata, server_metadata
from tests.support.oauth_world import DEPARTMENT, KEYS, ORIGIN, World
from vault.services.self_register import hand_out_token

PATHS = {
    "openid": "/.well-known/openid-configuration",
    "server": "/.well-known/oauth-authorization-server",
    "resource": "/.well-known/oauth-protected-resource",
    "keys": "/.well-known/jwks.json",
}


def test_b01_the_server_describes_what_it_offers_and_nothing_else(world: World) -> None:
    found = world.http.get(PATHS["server"]).json()

    scopes = found.pop("scopes_supported")
    algorithms = ["ES256", "Ed25519", "EdDSA", "PS256"]
    assert found == {
        "issuer": ORIGIN,
        "authorization_endpoint": f"{ORIGIN}/oauth/authorize",
        "pushed_authorization_request_endpoint": f"{ORIGIN}/oauth/par",
        "token_endpoint": f"{ORIGIN}/oauth/token",
        "introspection_endpoint": f"{ORIGIN}/oauth/introspect",
        "revocation_endpoint": f"{ORIGIN}/oauth/revoke",
        "grant_management_endpoint": f"{ORIGIN}/oauth/grants",
        "grant_management_actions_supported": ["query", "revoke", "create", "merge", "replace"],
        "jwks_uri": f"{ORIGIN}/.well-known/jwks.json",
        "require_pushed_authorization_requests": True,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "jwt", "query.jwt", "form_post.jwt"],
        "grant_types_supported": [
            *("authorization_code", "refresh_token", "client_credentials"),
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:openid:params:grant-type:ciba",
        ],
        "device_authorization_endpoint": f"{ORIGIN}/oauth/device_authorization",
        "backchannel_authentication_endpoint": f"{ORIGIN}/oauth/bc-authorize",
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_authentication_request_signing_alg_values_supported": algorithms,
        "backchannel_user_code_parameter_supported": False,
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": ["evidence_access"],
        "authorization_response_iss_parameter_supported": True,
        "request_object_signing_alg_values_supported": algorithms,
        "require_signed_request_object": False,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "authorization_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": algorithms,
        "dpop_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "acr_values_supported": ["urn:myspace:acr:aal1", "urn:myspace:acr:aal2"],
        "prompt_values_supported": ["none", "login", "consent"],
        "ui_locales_supported": ["zh-CN", "en"],
        "userinfo_endpoint": f"{ORIGIN}/oauth/userinfo",
        "end_session_endpoint": f"{ORIGIN}/oauth/end_session",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256", "PS256", "Ed25519", "EdDSA"],
        "userinfo_signing_alg_values_supported": ["ES256", "PS256", "Ed25519", "EdDSA"],
        "claims_supported": [
            *("acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid"),
            "sub",
        ],
        "claims_parameter_supported": True,
    }
    evidence = "ev:identity:resident_id_card:verify"
    assert {"records:write", "offline_access", "openid", evidence} <= set(scopes)
    assert "ev:service_result:no_criminal_record:full" not in scopes


def test_b01_every_advertised_endpoint_answers(world: World) -> None:
    found = world.http.get(PATHS["server"]).json()
    grants = found.pop("grant_management_endpoint")
    addresses = [value for name, value in found.items() if name.endswith("_endpoint")]

    managed = {world.http.request(verb, f"{grants}/x").status_code for verb in ("GET", "DELETE")}
    answers = {world.http.post(one).status_code for one in addresses}

    assert managed == {401}
    assert len(addresses) == 9
    assert answers <= {400, 401, 415}


def test_b55_the_resource_says_who_gives_tokens_for_it(world: World) -> None:
    found = world.http.get(PATHS["resource"]).json()

    assert found.pop("scopes_supported")
    assert found == {
        "resource": ORIGIN,
        "authorization_servers": [ORIGIN],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "Ed25519", "EdDSA", "PS256"],
        "dpop_bound_access_tokens_required": True,
        "authorization_details_types_supported": ["evidence_access"],
    }


def test_b44_the_key_set_may_be_kept_for_a_while(world: World) -> None:
    answer = world.http.get(PATHS["keys"])

    assert len(answer.json()["keys"]) == 6
    assert answer.headers["cache-control"] == "public, max-age=900"


def test_b01_openid_reads_the_same_document_byte_for_byte(world: World) -> None:
    openid = world.http.get(PATHS["openid"])

    assert openid.content == world.http.get(PATHS["server"]).content
    assert openid.headers["cache-control"] == "public, max-age=900"


def test_the_kernel_would_demand_a_signature_that_is_forbidden_here() -> None:
    plain = OpenIDProviderMetadata(server_metadata(ORIGIN))

    with pytest.raises(ValueError, match="RS256"):
        plain.validate()
    with pytest.raises(ValueError, match="other algorithms"):
        OpenIdMetadata({**plain, "id_token_signing_alg_values_supported": ["RS256"]}).validate()


@pytest.mark.parametrize("path", PATHS.values())
def test_b62_host_and_forwarded_headers_change_nothing(world: World, path: str) -> None:
    plain = world.http.get(path)

    told = world.http.get(
        path,
        headers={
            "Host": "evil.example.org",
            "X-Forwarded-Host": "evil.example.org",
            "X-Forwarded-Proto": "http",
            "Forwarded": "host=evil.example.org;proto=http",
        },
    )

    assert told.content == plain.content


def test_b62_the_address_in_a_proof_is_the_issuers_whatever_the_host_says(world: World) -> None:
    answer = world.registry_token(headers={"Host": "evil.example.org"})

    assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE"])
def test_documents_are_only_read(world: World, verb: str) -> None:
    answer = world.http.request(verb, PATHS["server"])

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_d21_plain_http_is_an_issuer_on_loopback_alone() -> None:
    assert server_metadata("http://127.0.0.1:8000")["issuer"] == "http://127.0.0.1:8000"
    with pytest.raises(ValueError, match="https"):
        server_metadata("http://space.example.org")


def test_b53_without_a_registry_nobody_registers_and_nobody_is_told_where(world: World) -> None:
    token = hand_out_token(world.vault, DEPARTMENT)
    body = {"software_statement": "a.b.c", "jwks": {"keys": [KEYS["other"].jwk]}}

    answer = world.http.post(
        "/oauth/register", json=body, headers={"Authorization": f"Bearer {token}"}
    )

    told = world.http.get(PATHS["server"]).json()
    assert (answer.status_code, answer.json()["error"]) == (400, "unapproved_software_statement")
    assert "registration_endpoint" not in told
