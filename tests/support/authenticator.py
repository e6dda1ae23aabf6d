"""An authenticator in software: answers options as a browser and a security key would together.

Everything can be spoiled: that is what it is for. Its CBOR comes from the library that the
verifier reads with, its signatures and certificates from ``cryptography``.
"""

import base64
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from tests.support.jws import b64
from tests.support.spoiling import spoilt

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
SYNCED = UP | UV | BE | BS
BOUND = UP | UV
ES256, EDDSA, RS256, ES384 = -7, -8, -257, -35
MAKE = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def unb64(text: str) -> bytes:
    """Return what ``b64`` made the text of."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(kw_only=True)
class Told:
    """What a browser says of a ceremony; each part may be false."""

    origin: str
    rp_id: str
    type: str = ""
    challenge: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def client_data(self, options: dict[str, Any], *, kind: str) -> bytes:
        """Return ``clientDataJSON``."""
        plain = {
            "type": self.type or kind,
            "challenge": self.challenge or options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        } | self.more
        return json.dumps(plain).encode()


@dataclass
class Credential:
    """One key pair in the authenticator."""

    credential_id: bytes
    key: Key
    algorithm: int
    user_handle: bytes
    count: int = 0


class Maker:
    """Who makes authenticators: a root certificate, and keys that attest to a make."""

    def __init__(self, *, make: bytes = bytes(range(16)), is_ca: bool = False) -> None:
        self.make = make
        self.key = ec.generate_private_key(ec.SECP256R1())
        root_key = ec.generate_private_key(ec.SECP256R1())
        root = _certificate("Synthetic Root", root_key.public_key(), root_key, None, ca=True)
        self.root_pem = root.public_bytes(serialization.Encoding.PEM)
        leaf = _certificate(
            "Synthetic Attestation", self.key.public_key(), root_key, root, ca=is_ca, make=make
        )
        self.leaf = leaf.public_bytes(serialization.Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        """Attest to ``data``."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


class Authenticator:
    """Holds credentials and answers.

    Attributes:
        flags: Of every answer; ``AT`` is added where it belongs.
        counting: Whether it counts.
        maker: Who attests; ``None`` attests nothing.
    """

    def __init__(
        self,
        *,
        flags: int = SYNCED,
        algorithm: int = ES256,
        counting: bool = False,
        maker: Maker | None = None,
        key: Key | None = None,
    ) -> None:
        self.flags, self.algorithm, self.counting = flags, algorithm, counting
        self.maker, self._key = maker, key
        self.credentials: list[Credential] = []

    def create(
        self, options: str, told: Told, *, fmt: str = "", aaguid: bytes | None = None
    ) -> str:
        """Answer ``navigator.credentials.create``; ``fmt`` says which statement is made."""
        asked = json.loads(options)
        key = self._key or _new_key(self.algorithm)
        made = Credential(
            credential_id=os.urandom(32),
            key=key,
            algorithm=self.algorithm,
            user_handle=unb64(asked["user"]["id"]),
        )
        self.credentials.append(made)
        make = aaguid or (self.maker.make if self.maker else bytes(16))
        attested = make + len(made.credential_id).to_bytes(2) + made.credential_id
        data = self._data(told, made, flags=self.flags | AT) + attested + _cose(made)
        client_data = told.client_data(asked, kind="webauthn.create")
        fmt = fmt or ("packed" if self.maker else "none")
        statement = self._statement(fmt, made, data + sha256(client_data).digest())
        return json.dumps(
            {
                "id": b64(made.credential_id),
                "rawId": b64(made.credential_id),
                "type": "public-key",
                "response": {
                    "clientDataJSON": b64(client_data),
                    "attestationObject": b64(
                        cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": data})
                    ),
                },
            }
        )

    def get(
        self,
        options: str,
        told: Told,
        *,
        credential: Credential | None = None,
        handle: bytes | None = None,
        spoil: bool = False,
    ) -> str:
        """Answer ``navigator.credentials.get`` with a credential, by default the newest."""
        asked = json.loads(options)
        used = credential or self.credentials[-1]
        data = self._data(told, used, flags=self.flags)
        client_data = told.client_data(asked, kind="webauthn.get")
        signature = _sign(used.key, data + sha256(client_data).digest())
        if spoil:
            signature = spoilt(signature)
        return json.dumps(
            {
                "id": b64(used.credential_id),
                "rawId": b64(used.credential_id),
                "type": "public-key",
                "response": {
                    "clientDataJSON": b64(client_data),
                    "authenticatorData": b64(data),
                    "signature": b64(signature),
                    "userHandle": b64(used.user_handle if handle is None else handle),
                },
            }
        )

    def _data(self, told: Told, used: Credential, *, flags: int) -> bytes:
        used.count += self.counting
        return sha256(told.rp_id.encode()).digest() + bytes([flags]) + used.count.to_bytes(4)

    def _statement(self, fmt: str, made: Credential, signed: bytes) -> dict[str, Any]:
        if fmt == "packed" and self.maker is not None:
            return {"alg": ES256, "sig": self.maker.sign(signed), "x5c": [self.maker.leaf]}
        if fmt == "fido-u2f" and self.maker is not None:
            return {"sig": self.maker.sign(_as_u2f(made, signed)), "x5c": [self.maker.leaf]}
        if fmt == "packed":
            return {"alg": made.algorithm, "sig": _sign(made.key, signed)}
        return {}


def _as_u2f(made: Credential, signed: bytes) -> bytes:
    """Return what an older device signs (WebAuthn 8.6): hashes, id and the bare point."""
    assert isinstance(made.key, ec.EllipticCurvePrivateKey)
    point = made.key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return b"\0" + signed[:32] + signed[-32:] + made.credential_id + point


def _new_key(algorithm: int) -> Key:
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == RS256:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if algorithm == ES384 else ec.SECP256R1())


def _cose(made: Credential) -> bytes:
    """Return a COSE_Key (RFC 9053 s. 7)."""
    key, algorithm = made.key, made.algorithm
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
        curve = {256: 1, 384: 2}[key.key_size]
        parts = {-1: curve, -2: numbers.x.to_bytes(size), -3: numbers.y.to_bytes(size)}
        return cbor2.dumps({1: 2, 3: algorithm, **parts})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor2.dumps({1: 1, 3: algorithm, -1: 6, -2: key.public_key().public_bytes_raw()})
    rsa_numbers = key.public_key().public_numbers()
    modulus = rsa_numbers.n.to_bytes((key.key_size + 7) // 8)
    return cbor2.dumps({1: 3, 3: algorithm, -1: modulus, -2: rsa_numbers.e.to_bytes(3)})


def _sign(key: Key, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    *,
    ca: bool,
    make: bytes = b"",
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Synthetic Keys"),
            x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name),
        ]
    )
    today = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if make:
        told = x509.UnrecognizedExtension(MAKE, b"\x04\x10" + make)
        built = built.add_extension(told, critical=False)
    return built.sign(signer, hashes.SHA256())
