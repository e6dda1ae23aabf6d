"""Verifies what a browser says that an authenticator did (W3C WebAuthn Level 3 s. 7).

The library checks challenge, origin, rpId hash, presence, verification, signature and the
statement of attestation. Checked here besides: that no other site framed the ceremony, that the
key is of one of the three kinds that are asked for, and what an attestation must prove to count.
Whatever is wrong, the answer is the same; the cause travels along for the log.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType

from vault.base64url import from_base64url
from vault.errors import InvalidInputError
from vault.passkeys import Passkey

ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
"""In this order; RSA is there for the TPMs of older computers, which know nothing else."""

RSA_BITS: Final = 2048
MAX_ANSWER_CHARACTERS: Final = 16 * 1024
MAX_CREDENTIAL_ID_BYTES: Final = 1023
"""WebAuthn 7.1, step 25."""

MAKE: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
"""``id-fido-gen-ce-aaguid``: the make that an attestation certificate speaks for (8.2.1)."""
OCTET_STRING_16: Final = b"\x04\x10"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Who asks: one host, at one origin.

    Attributes:
        rp_id: The host of the origin; passkeys made for it work nowhere else.
        roots: Certificates, each as PEM, of makers whose attestation the operator trusts.
    """

    rp_id: str
    origin: str
    roots: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, origin: str, *, roots: tuple[bytes, ...] = ()) -> Self | None:
        """Return the party at ``origin``; ``None`` where its host is an address, not a name.

        Browsers make passkeys for domain names only (WebAuthn 5.1.3, step 7).
        """
        host = urlsplit(origin).hostname or ""
        try:
            ip_address(host)
        except ValueError:
            return cls(rp_id=host, origin=origin, roots=roots)
        return None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What the browser sent back; nothing of it is proven yet.

    Attributes:
        plain: ``PublicKeyCredential.toJSON()``.
        challenge: That it says it answers.
    """

    plain: dict[str, Any]
    challenge: str
    credential_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Registered:
    """A new key, verified. Attributes as of ``Passkey`` and ``PasskeyUse``."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    device_bound: bool
    backed_up: bool
    attested: bool
    attestation: str
    aaguid: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A key was used: what its authenticator says of itself now."""

    sign_count: int
    backed_up: bool


def read_answer(text: str) -> Answer:
    """Return the answer that ``text`` holds.

    Raises:
        InvalidInputError: It is none, or another site took part in it.
    """
    if len(text) > MAX_ANSWER_CHARACTERS:
        raise _refusal()
    with _refusing():
        plain = json.loads(text)
        told = json.loads(from_base64url(plain["response"]["clientDataJSON"]))
        # Ours is never framed: what a page of another site may do is not asked for (13.4.2).
        if told.get("crossOrigin", False) is not False or "topOrigin" in told:
            raise ValueError("another site took part")
        return Answer(
            plain=plain,
            challenge=from_base64url(told["challenge"]).decode("ascii"),
            credential_id=from_base64url(plain["rawId"]),
        )


def verify_registration(party: RelyingParty, answer: Answer, *, attested: bool) -> Registered:
    """Return the key that ``answer`` registers; its challenge was spent by the caller.

    Args:
        party: Who asked.
        answer: As read.
        attested: Nothing less will do than a device that proves its make and keeps the key.

    Raises:
        InvalidInputError: Something does not hold.
    """
    with _refusing():
        found = verify_registration_response(
            credential=answer.plain,
            expected_challenge=answer.challenge.encode(),
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
            pem_root_certs_bytes_by_fmt={AttestationFormat.PACKED: list(party.roots)},
        )
        if found.fmt not in {AttestationFormat.NONE, AttestationFormat.PACKED}:
            raise ValueError("an attestation of another format")
        if len(found.credential_id) > MAX_CREDENTIAL_ID_BYTES:
            raise ValueError("the credential id is too long")
        _check_key(found.credential_public_key)
        device_bound = found.credential_device_type is CredentialDeviceType.SINGLE_DEVICE
        aaguid = UUID(found.aaguid).bytes
        proven = attested and _proves(party, found.attestation_object, aaguid=aaguid)
        if attested and not (proven and device_bound):
            raise ValueError("the key is not of a make that is trusted, or leaves its device")
        return Registered(
            credential_id=found.credential_id,
            public_key=found.credential_public_key,
            sign_count=found.sign_count,
            device_bound=device_bound,
            backed_up=found.credential_backed_up,
            attested=proven,
            attestation=AttestationFormat(found.fmt).value,
            aaguid=aaguid,
        )


def verify_use(
    party: RelyingParty,
    answer: Answer,
    *,
    passkey: Passkey,
    sign_count: int,
    user_handle: bytes,
) -> Proven:
    """Return what a use of a registered key shows; its challenge was spent by the caller.

    Args:
        party: Who asked.
        answer: As read.
        passkey: That it names.
        sign_count: As the passkey's authenticator counted last.
        user_handle: Of the passkey's holder.

    Raises:
        InvalidInputError: Something does not hold; also where the counter did not go on.
    """
    with _refusing():
        told = answer.plain["response"].get("userHandle")
        if told is not None and from_base64url(told) != user_handle:
            raise ValueError("the passkey is said to be another holder's")
        found = verify_authentication_response(
            credential=answer.plain,
            expected_challenge=answer.challenge.encode(),
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
        device_bound = found.credential_device_type is CredentialDeviceType.SINGLE_DEVICE
        if device_bound != passkey.device_bound:
            raise ValueError("BE never changes (WebAuthn 7.2, step 18)")
        return Proven(sign_count=found.new_sign_count, backed_up=found.credential_backed_up)


def _check_key(public_key: bytes) -> None:
    """Require the curve or length that goes with the algorithm (WebAuthn 5.8.5)."""
    decoded = decode_credential_public_key(public_key)
    key = decoded_public_key_to_cryptography(decoded)
    sound = (
        (isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1))
        or isinstance(key, Ed25519PublicKey)
        or (isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS)
    )
    if not sound:
        raise ValueError("the key is too short, or on another curve")


def _proves(party: RelyingParty, attestation: bytes, *, aaguid: bytes) -> bool:
    """Say whether a verified statement names a make in the name of a trusted maker.

    The library has verified signature and chain, the latter only where there are roots; what
    the certificate says of itself, it leaves to us (WebAuthn 8.2, 8.2.1).
    """
    chain = parse_attestation_object(attestation).att_stmt.x5c
    if not party.roots or not chain:
        return False
    leaf = x509.load_der_x509_certificate(chain[0])
    if leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return False
    make = leaf.extensions.get_extension_for_oid(MAKE).value
    return isinstance(make, x509.UnrecognizedExtension) and make.value == OCTET_STRING_16 + aaguid


def _refusal() -> InvalidInputError:
    return InvalidInputError("the passkey was not verified", field="answer")


@contextmanager
def _refusing() -> Iterator[None]:
    """Let nothing be learnt from how an answer is wrong; the library raises whatever it meets."""
    try:
        yield
    except Exception as error:
        raise _refusal() from error
