"""What a browser answers is believed only as far as it is proven; every doubt sounds alike."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.authenticator import (
    BE,
    BOUND,
    BS,
    EDDSA,
    ES256,
    ES384,
    RS256,
    SYNCED,
    UP,
    UV,
    Authenticator,
    Maker,
    Told,
)
from tests.support.jws import b64
from tests.support.passkeys import PARTY, told
from vault.errors import InvalidInputError
from vault.ids import EntryId, HolderId, Space
from vault.passkeys import Passkey, PasskeyId, PasskeyStatus
from vault.passkeys.ceremony import (
    MAX_ANSWER_CHARACTERS,
    Proven,
    Registered,
    RelyingParty,
    read_answer,
    verify_registration,
    verify_use,
)
from vault.passkeys.options import handle_of, registration_options, use_options

SPACE = Space(0, HolderId(bytes(range(16))))
CHALLENGE = "challenge-of-the-test"
OTHER = b64(b"another-challenge")
SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused


def create_options(*, attested: bool = False, known: tuple[Passkey, ...] = ()) -> str:
    return registration_options(
        PARTY, challenge=CHALLENGE, space=SPACE, known=known, attested=attested
    )


def register(
    device: Authenticator,
    *,
    says: Told | None = None,
    party: RelyingParty = PARTY,
    attested: bool = False,
    **how: Any,  # noqa: ANN401 - as ``create``
) -> Registered:
    made = device.create(create_options(attested=attested), says or told(), **how)
    return verify_registration(party, expected(read_answer(made)), attested=attested)


def expected(answer: Any) -> Any:  # noqa: ANN401 - an answer
    """Stand for the caller, who spends only the challenge that was minted."""
    assert answer.challenge == CHALLENGE
    return answer


def passkey_of(made: Registered) -> Passkey:
    return Passkey(
        space=SPACE,
        passkey_id=PasskeyId(bytes(16)),
        credential_id=made.credential_id,
        public_key=made.public_key,
        status=PasskeyStatus.ACTIVE,
        version=1,
        device_bound=made.device_bound,
        attested=made.attested,
        attestation=made.attestation,
        aaguid=made.aaguid,
        name=b"sealed",
        created_at_ms=0,
        ended_at_ms=None,
        state_entry=EntryId(bytes(16)),
    )


def use(
    device: Authenticator,
    passkey: Passkey,
    *,
    says: Told | None = None,
    counted: int = 0,
    **how: Any,  # noqa: ANN401 - as ``get``
) -> Proven:
    answer = device.get(use_options(PARTY, challenge=CHALLENGE), says or told(), **how)
    return verify_use(
        PARTY,
        read_answer(answer),
        passkey=passkey,
        sign_count=counted,
        user_handle=handle_of(SPACE),
    )


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_key_of_each_listed_algorithm_registers_and_signs_in(algorithm: int) -> None:
    device = Authenticator(algorithm=algorithm)

    made = register(device)
    proven = use(device, passkey_of(made))

    assert replace(made, public_key=b"") == Registered(
        credential_id=device.credentials[0].credential_id,
        public_key=b"",
        sign_count=0,
        device_bound=False,
        backed_up=True,
        attested=False,
        attestation="none",
        aaguid=bytes(16),
    )
    assert proven == Proven(sign_count=0, backed_up=True)


def test_a_browser_is_asked_for_a_discoverable_key_that_verifies_its_user() -> None:
    known = passkey_of(register(Authenticator()))

    asked = json.loads(create_options(known=(known,)))

    assert asked["rp"]["id"] == PARTY.rp_id
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [ES256, EDDSA, RS256]
    assert [one["id"] for one in asked["excludeCredentials"]] == [b64(known.credential_id)]
    assert json.loads(create_options(attested=True))["attestation"] == "direct"


def test_a_stranger_is_asked_for_any_passkey() -> None:
    asked = json.loads(use_options(PARTY, challenge=CHALLENGE))

    assert asked == {
        "challenge": b64(CHALLENGE.encode()),
        "timeout": 300_000,
        "rpId": PARTY.rp_id,
        "allowCredentials": [],
        "userVerification": "required",
    }


FALSE = {
    "another origin": told(origin="https://space.example.org.evil.example"),
    "another scheme": told(origin="http://space.example.org"),
    "another host": told(rp_id="evil.example"),
    "another ceremony": told(type="webauthn.other"),
    "framed by another site": told(more={"crossOrigin": True}),
    "framed, and not in a word": told(more={"crossOrigin": "false"}),
    "a page above it": told(more={"topOrigin": "https://evil.example"}),
}


@pytest.mark.parametrize("why", FALSE)
def test_what_a_browser_tells_must_be_ours_when_a_key_is_registered(why: str) -> None:
    with pytest.raises(InvalidInputError, match="the passkey was not verified"):
        register(Authenticator(), says=FALSE[why])


@pytest.mark.parametrize("why", FALSE)
def test_what_a_browser_tells_must_be_ours_when_a_key_is_used(why: str) -> None:
    device = Authenticator()
    passkey = passkey_of(register(device))

    with pytest.raises(InvalidInputError, match="the passkey was not verified"):
        use(device, passkey, says=FALSE[why])


WEAK = {
    "nobody was there": UV | BE | BS,
    "nobody was verified": UP | BE | BS,
    "backed up but not eligible": UP | UV | BS,
}


@pytest.mark.parametrize("why", WEAK)
def test_presence_and_verification_are_required_when_a_key_is_registered(why: str) -> None:
    with pytest.raises(InvalidInputError):
        register(Authenticator(flags=WEAK[why]))


@pytest.mark.parametrize("why", WEAK)
def test_presence_and_verification_are_required_when_a_key_is_used(why: str) -> None:
    device = Authenticator()
    passkey = passkey_of(register(device))
    device.flags = WEAK[why]

    with pytest.raises(InvalidInputError):
        use(device, passkey)


def test_an_answer_to_another_challenge_does_not_count_as_one_to_ours() -> None:
    made = Authenticator().create(create_options(), told(challenge=OTHER))

    assert read_answer(made).challenge == "another-challenge"


@pytest.mark.parametrize(
    "device",
    [
        Authenticator(algorithm=ES384),
        Authenticator(key=ec.generate_private_key(ec.SECP384R1())),
        Authenticator(algorithm=RS256, key=SHORT),
    ],
    ids=["not listed", "another curve", "too short"],
)
def test_a_key_of_another_kind_is_refused(device: Authenticator) -> None:
    with pytest.raises(InvalidInputError):
        register(device)


def test_a_wrong_signature_is_refused() -> None:
    device = Authenticator()
    passkey = passkey_of(register(device))

    with pytest.raises(InvalidInputError):
        use(device, passkey, spoil=True)


def test_a_signature_of_another_key_is_refused() -> None:
    device, other = Authenticator(), Authenticator()
    passkey = passkey_of(register(device))
    register(other)
    other.credentials[0].credential_id = passkey.credential_id

    with pytest.raises(InvalidInputError):
        use(other, passkey)


def test_a_passkey_that_says_to_be_another_holders_is_refused() -> None:
    device = Authenticator()
    passkey = passkey_of(register(device))

    with pytest.raises(InvalidInputError):
        use(device, passkey, handle=bytes(32))


@pytest.mark.parametrize(("counted", "goes_on"), [(1, True), (2, False), (7, False)])
def test_a_counter_only_goes_on(*, counted: int, goes_on: bool) -> None:
    device = Authenticator(counting=True)
    passkey = passkey_of(register(device))

    if goes_on:
        assert use(device, passkey, counted=counted).sign_count == 2
    else:
        with pytest.raises(InvalidInputError):
            use(device, passkey, counted=counted)


def test_a_key_that_was_bound_to_its_device_does_not_leave_it() -> None:
    device = Authenticator(flags=BOUND)
    passkey = passkey_of(register(device))
    device.flags = SYNCED

    with pytest.raises(InvalidInputError):
        use(device, passkey)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"response": {"clientDataJSON": "%%%"}}',
        '{"rawId": "AA", "response": {"clientDataJSON": "e30"}}',
        "x" * (MAX_ANSWER_CHARACTERS + 1),
        "[" * 10_000,
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="the passkey was not verified"):
        read_answer(text)


def test_an_id_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda _count: bytes(1024))

    with pytest.raises(InvalidInputError):
        register(Authenticator())


# Attestation.


def test_a_key_may_attest_to_itself_and_that_proves_no_make() -> None:
    made = register(Authenticator(), fmt="packed")

    assert (made.attestation, made.attested) == ("packed", False)


def test_what_nobody_asked_to_be_proven_is_not_taken_as_proven() -> None:
    maker = Maker()
    party = replace(PARTY, roots=(maker.root_pem,))

    made = register(Authenticator(flags=BOUND, maker=maker), party=party)

    assert (made.attestation, made.attested, made.aaguid) == ("packed", False, maker.make)


def test_a_device_of_a_trusted_maker_is_attested() -> None:
    maker = Maker()
    party = replace(PARTY, roots=(maker.root_pem,))

    made = register(Authenticator(flags=BOUND, maker=maker), party=party, attested=True)

    assert (made.attested, made.device_bound) == (True, True)
    assert passkey_of(made).acr == "urn:myspace:acr:aal3"


MAKER = Maker()
TRUSTED = replace(PARTY, roots=(MAKER.root_pem,))


@pytest.mark.parametrize(
    ("device", "party", "how"),
    [
        (Authenticator(flags=BOUND), TRUSTED, {}),
        (Authenticator(flags=BOUND), TRUSTED, {"fmt": "packed"}),
        (Authenticator(flags=SYNCED, maker=MAKER), TRUSTED, {}),
        (Authenticator(flags=BOUND, maker=Maker()), TRUSTED, {}),
        (Authenticator(flags=BOUND, maker=MAKER), PARTY, {}),
        (Authenticator(flags=BOUND, maker=MAKER), TRUSTED, {"aaguid": bytes(16)}),
    ],
    ids=["none", "itself", "leaves its device", "another maker", "no roots", "another make"],
)
def test_what_does_not_prove_its_make_is_no_attested_device(
    device: Authenticator, party: RelyingParty, how: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError):
        register(device, party=party, attested=True, **how)


def test_a_certificate_that_could_sign_others_attests_to_nothing() -> None:
    maker = Maker(is_ca=True)
    party = replace(PARTY, roots=(maker.root_pem,))

    with pytest.raises(InvalidInputError):
        register(Authenticator(flags=BOUND, maker=maker), party=party, attested=True)


@pytest.mark.parametrize("fmt", ["fido-u2f", "tpm", "android-safetynet", "apple", "unheard-of"])
def test_statements_of_other_formats_are_refused(fmt: str) -> None:
    with pytest.raises(InvalidInputError):
        register(Authenticator(), fmt=fmt)


def test_a_statement_of_another_format_is_refused_even_where_it_is_good() -> None:
    device = Authenticator(maker=Maker())

    with pytest.raises(InvalidInputError) as refusal:
        register(device, fmt="fido-u2f", aaguid=bytes(16))

    assert str(refusal.value.__cause__) == "an attestation of another format"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://space.example.org", "space.example.org"),
        ("http://localhost:8765", "localhost"),
        ("http://127.0.0.1:8765", None),
        ("http://[::1]:8765", None),
    ],
)
def test_passkeys_are_made_for_names_only(origin: str, host: str | None) -> None:
    party = RelyingParty.of(origin, roots=(b"root",))

    assert party == (
        None if host is None else RelyingParty(rp_id=host, origin=origin, roots=(b"root",))
    )
