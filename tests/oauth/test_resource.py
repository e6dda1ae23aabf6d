import pytest

from api.oauth.jose import SIGNING_ALGORITHMS
from tests.support.oauth_world import KEYS, ORIGIN, World, client
from vault.clients import Profile

METADATA = f'resource_metadata="{ORIGIN}/.well-known/oauth-protected-resource"'
ALGS = f'algs="{" ".join(SIGNING_ALGORITHMS)}"'


def challenge(error: str, *more: str) -> str:
    """Return the challenge for ``error``."""
    parts = [f'error="{error}"'] if error else []
    return "DPoP " + ", ".join([*parts, *more, ALGS, METADATA])


def token_of(world: World) -> str:
    """Return a registry token."""
    return str(world.registry_token().json()["access_token"])


def test_b55_without_a_token_the_challenge_says_where_to_get_one(world: World) -> None:
    answer = world.http.get("/v1/probe")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge(""))
    assert answer.headers["dpop-nonce"]


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_b25_the_scheme_is_matched_without_case(world: World, scheme: str) -> None:
    assert world.use(token_of(world), scheme=scheme).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", ""])
def test_b25_a_bound_token_is_refused_as_anything_else(world: World, scheme: str) -> None:
    answer = world.use(token_of(world), scheme=scheme)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        challenge("invalid_token"),
    )


def test_b25_a_bound_token_without_its_proof_is_refused(world: World) -> None:
    answer = world.use(token_of(world), proof=None)

    assert answer.headers["www-authenticate"] == challenge("invalid_dpop_proof")


def test_b23_the_proof_of_another_key_is_refused(world: World) -> None:
    token = token_of(world)

    proof = world.proof("/v1/probe", method="GET", token=token, key=KEYS["proof2"])
    answer = world.use(token, proof=proof)

    assert answer.headers["www-authenticate"] == challenge("invalid_token")


def test_b23_two_proofs_or_two_tokens_are_refused(world: World) -> None:
    token = token_of(world)
    proofs = [world.proof("/v1/probe", method="GET", token=token) for _ in range(3)]
    shown = ("Authorization", f"DPoP {token}")

    two_proofs = world.http.get(
        "/v1/probe", headers=[shown, ("DPoP", proofs[0]), ("DPoP", proofs[1])]
    )
    two_tokens = world.http.get("/v1/probe", headers=[shown, shown, ("DPoP", proofs[2])])

    assert two_proofs.headers["www-authenticate"] == challenge("invalid_dpop_proof")
    assert two_tokens.headers["www-authenticate"] == challenge("invalid_request")


def test_b45_a_token_in_the_query_is_refused(world: World) -> None:
    token = token_of(world)

    answer = world.use(token, path=f"/v1/probe?access_token={token}")

    assert answer.headers["www-authenticate"] == challenge("invalid_request")


@pytest.mark.parametrize(
    "token", ["", "x", "vat_" + "A" * 49, "vco_" + "A" * 49, "vat_" + "A" * 5000]
)
def test_b34_garbage_is_refused_like_a_dead_token(world: World, token: str) -> None:
    answer = world.use(token)

    assert answer.headers["www-authenticate"] == challenge("invalid_token")


def test_b34_unknown_and_dead_tokens_are_refused_alike(world: World) -> None:
    dead = token_of(world)
    world.clock.now += 300
    unknown = world.provider.secrets.mint("vat_")

    answers = [world.use(dead), world.use(unknown)]

    assert {answer.headers["www-authenticate"] for answer in answers} == {
        challenge("invalid_token")
    }


def test_a_client_whose_profile_has_no_resources_is_refused(world: World) -> None:
    token = token_of(world)
    world.memory.add(client("licensing", profile=Profile.RS))

    assert world.use(token).headers["www-authenticate"] == challenge("invalid_token")


def test_resolving_writes_nothing_so_the_journal_can_spend_the_proof(world: World) -> None:
    token = token_of(world)
    before = dict(world.memory.rows.claims)

    answer = world.use(token)

    assert answer.status_code == 200
    assert world.memory.rows.claims == before


def test_b26_where_there_is_no_journal_entry_the_proof_is_spent_at_once(world: World) -> None:
    token = token_of(world)
    proof = world.proof("/v1/once", method="GET", token=token)

    first = world.use(token, proof=proof, path="/v1/once")
    second = world.use(token, proof=proof, path="/v1/once")

    assert first.status_code == 200
    assert (second.status_code, second.headers["www-authenticate"]) == (
        401,
        challenge("invalid_dpop_proof"),
    )


def test_a_token_without_the_scope_is_told_which_one(world: World) -> None:
    token = world.registry_token("registry:read").json()["access_token"]

    answer = world.use(token, path="/v1/once")

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        403,
        challenge("insufficient_scope", 'scope="records:write"'),
    )
