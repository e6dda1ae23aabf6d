"""The public log, and receipts that are fetched again."""

import pytest

from scripts.demo_proofs import receipt_proves, release_proves
from tests.support.http_world import HttpWorld
from vault.crypto.signing import SignatureType, VerifierKey
from vault.journal.checkpoints import verify_checkpoint
from vault.journal.kinds import Kind
from vault.journal.merkle import Frontier, leaf_hash, verify_consistency
from vault.journal.notes import verify_note
from vault.journal.plain import parse_base64
from vault.journal.tiles import leaves_of


def test_anybody_follows_the_log_from_its_leaves_to_its_signed_head(world: HttpWorld) -> None:
    world.settled()
    key = VerifierKey.parse(world.http.get("/log/keys").text.splitlines()[0])

    answer = world.http.get("/log/checkpoint")

    head = verify_checkpoint(answer.text, verifier=key, origin=key.name)
    bundle = world.http.get(f"/log/tile/entries/000.p/{head.size}")
    hashes = [leaf_hash(leaf) for leaf in leaves_of(bundle.content)]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    assert bundle.headers["content-type"] == "application/octet-stream"
    assert bundle.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers
    assert Frontier().extend(hashes).root() == head.root
    assert world.http.get(f"/log/tile/0/000.p/{head.size}").content == b"".join(hashes)


def test_the_head_has_a_second_line_by_a_key_that_is_published(world: HttpWorld) -> None:
    keys = [VerifierKey.parse(key) for key in world.http.get("/log/keys").text.splitlines()]

    note = world.http.get("/log/checkpoint").text

    assert [key.type for key in keys] == [SignatureType.ED25519, SignatureType.ML_DSA_44]
    assert verify_note(note, keys=keys).signed_by == tuple(keys)
    assert len({key.name for key in keys}) == 1


def test_the_log_proves_that_it_only_grew(world: HttpWorld) -> None:
    key = VerifierKey.parse(world.http.get("/log/keys").text.splitlines()[0])
    old = verify_checkpoint(world.http.get("/log/checkpoint").text, verifier=key, origin=key.name)
    world.settled()
    new = verify_checkpoint(world.http.get("/log/checkpoint").text, verifier=key, origin=key.name)

    answer = world.http.get(f"/log/proof/consistency?from={old.size}&to={new.size}")

    assert new.size > old.size
    verify_consistency(
        old=old.size,
        old_root=old.root,
        new=new.size,
        new_root=new.root,
        path=tuple(parse_base64(line) for line in answer.text.splitlines()),
    )


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/0/999",
        "/log/tile/6/000",
        "/log/tile/0/000.p/256",
        "/log/tile/0/000.p/0",
        "/log/tile/x/000",
        "/log/tile/entries/x000/000",
        "/log/tile/0/000/",
        "/log/proof/consistency?from=0&to=99999",
        "/log/proof/consistency?from=2&to=1",
        "/log/nothing",
    ],
)
def test_what_the_log_does_not_have_is_not_there(world: HttpWorld, path: str) -> None:
    answer = world.http.get(path)

    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query", ["", "?from=1", "?from=-1&to=1", "?from=1&to=x", "?from=1&to=1&x=1"]
)
def test_a_question_that_the_log_does_not_understand_is_refused(
    world: HttpWorld, query: str
) -> None:
    answer = world.http.get(f"/log/proof/consistency{query}")

    assert answer.status_code == 422


def test_a_department_fetches_the_proof_of_its_own_entry_again(world: HttpWorld) -> None:
    person, _ = world.settled()
    token, _ = world.granted(person)
    pulled = world.market.pull(token).json()
    path = f"/v1/receipts/{pulled['receipt']['entry_id']}"

    answer = world.market.get(path, token=world.market.token())

    body = answer.json()
    assert answer.status_code == 200
    assert (body["opening"], body["statement"]) == (pulled["opening"], pulled["statement"])
    assert body["receipt"]["index"] == pulled["receipt"]["index"]
    assert release_proves(body, trust=world.trust()).kind is Kind.PULL
    receipt_proves(body["receipt"]["text"], trust=world.trust())


def test_a_refusal_that_opened_no_space_is_proven_too(world: HttpWorld) -> None:
    before = world.vault.logs[0].size()
    world.schools.deposit(world.person())
    path = f"/v1/receipts/{world.newest_entry()}"

    answer = world.schools.get(path, token=world.schools.token())

    assert world.vault.logs[0].size() == before + 1
    assert release_proves(answer.json(), trust=world.trust()).kind is Kind.REFUSAL


def test_an_entry_of_another_department_or_of_a_holder_is_not_there(world: HttpWorld) -> None:
    person, record_id = world.settled()
    token, browser = world.granted(person)
    pulled = world.market.pull(token).json()
    read = browser.get(f"/v1/me/records/{record_id}").json()

    answers = [
        world.schools.get(f"/v1/receipts/{entry_id}", token=world.schools.token()).status_code
        for entry_id in (
            pulled["receipt"]["entry_id"],
            read["receipt"]["entry_id"],
            "0" * 32,
        )
    ]

    assert answers == [404, 404, 404]


def test_receipts_are_fetched_with_their_own_scope_only(world: HttpWorld) -> None:
    path = f"/v1/receipts/{'0' * 32}"

    answer = world.market.get(path, token=world.market.token("cases:write"))

    assert answer.status_code == 403
    assert 'scope="registry:read"' in answer.headers["www-authenticate"]
