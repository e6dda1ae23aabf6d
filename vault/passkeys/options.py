"""What a browser is asked to do, as the JSON that WebAuthn Level 3 s. 5.1.8 and 5.1.9 read."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
)
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from vault.ids import Space
from vault.passkeys import Passkey
from vault.passkeys.ceremony import ALGORITHMS, RelyingParty

SECONDS: Final = 300
"""How long a browser may take (WebAuthn 15.1), and how long its challenge lives."""

MS: Final = 1000
NAME: Final = "我的空间"
USER: Final = "我的空间 · MySpace Vault"
"""What the authenticator lists; the holder's own name and number are not its business."""


def handle_of(space: Space) -> bytes:
    """Return what an authenticator keeps of a holder, 32 bytes: it says nothing about anybody."""
    return sha256(b"passkey holder\x00" + space.log_id.to_bytes(4) + space.holder_id).digest()


def registration_options(
    party: RelyingParty,
    *,
    challenge: str,
    space: Space,
    known: Iterable[Passkey],
    attested: bool,
) -> str:
    """Return what ``navigator.credentials.create`` is asked.

    Args:
        party: Who asks.
        challenge: Minted for this.
        space: Whose passkey it will be.
        known: Passkeys that are there; no authenticator makes a second one for them.
        attested: Ask for the make of the device, too.
    """
    return options_to_json(
        generate_registration_options(
            rp_id=party.rp_id,
            rp_name=NAME,
            user_name=USER,
            user_id=handle_of(space),
            user_display_name=USER,
            challenge=challenge.encode(),
            timeout=SECONDS * MS,
            attestation=(
                AttestationConveyancePreference.DIRECT
                if attested
                else AttestationConveyancePreference.NONE
            ),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_described(known),
            supported_pub_key_algs=list(ALGORITHMS),
        )
    )


def use_options(party: RelyingParty, *, challenge: str, known: Iterable[Passkey] = ()) -> str:
    """Return what ``navigator.credentials.get`` is asked.

    Args:
        party: Who asks.
        challenge: Minted for this.
        known: Passkeys that would do; none where it is not known yet who is there, so that
            nobody learns who has any.
    """
    return options_to_json(
        generate_authentication_options(
            rp_id=party.rp_id,
            challenge=challenge.encode(),
            timeout=SECONDS * MS,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def _described(known: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential_id) for one in known]
