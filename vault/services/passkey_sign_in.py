"""A holder signs in with a passkey, or confirms with one what takes more than a code.

Who is there, the passkey says; nothing on the way tells whether anybody has one. A sign-in
releases nothing from a space, so nothing stands in the journal.
"""

from dataclasses import dataclass
from typing import Final

from vault.clients.levels import AAL3
from vault.clients.protocol import SignIn, authenticated
from vault.clock import MS
from vault.crypto.tokens import well_formed
from vault.errors import InvalidInputError
from vault.holders import HolderState
from vault.ids import Space
from vault.passkeys import Ceremony, Passkey, PasskeyStatus, PasskeyUse, hash_of
from vault.passkeys.ceremony import Answer, Proven, RelyingParty, read_answer, verify_use
from vault.passkeys.options import handle_of, use_options
from vault.services import Vault
from vault.services.passkey_challenges import ask, spend
from vault.services.sign_in import (
    ATTEMPT,
    FORM,
    IDLE_SECONDS,
    LONGEST_SECONDS,
    SEPARATOR,
    SIGN_IN,
    SignedIn,
)
from vault.services.sign_out import give_way

POSSESSION: Final = "pop"
PRESENCE: Final = "user"
FACTORS: Final = "mfa"
HARDWARE: Final = "hwk"
SOFTWARE: Final = "swk"
"""Of RFC 8176 s. 2."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Known:
    passkey: Passkey
    use: PasskeyUse


def start_passkey_sign_in(
    vault: Vault, party: RelyingParty, *, form_token: str, source: str
) -> str:
    """Return what the browser is asked, as JSON; the same for everybody.

    Args:
        vault: The vault.
        party: Who asks.
        form_token: Of this browser's forms; only it can answer.
        source: Address of the peer, for limits.

    Raises:
        RateLimitedError: It was asked too often.
    """
    bound_hash = vault.secrets.hash(form_token)
    challenge = ask(vault, Ceremony.SIGN_IN, bound_hash=bound_hash, source=source)
    return use_options(party, challenge=challenge)


def finish_passkey_sign_in(
    vault: Vault,
    party: RelyingParty,
    text: str,
    *,
    form_token: str,
    attempt: str = "",
    known: str = "",
) -> SignedIn:
    """Turn the answer of a browser into a sign-in.

    Args:
        vault: The vault.
        party: Who asked.
        text: The answer as JSON.
        form_token: Of this browser's forms.
        attempt: Of ``start_sign_in``, where a number was typed: the passkey must be of the
            holder of that number. Empty where none was.
        known: The mark that this browser brought along; it stays as it is.

    Raises:
        InvalidInputError: Nobody has such a passkey, it is another holder's, or the answer does
            not hold; which of them is not told.
    """
    answer = read_answer(text)
    bound_hash = vault.secrets.hash(form_token)
    spend(vault, answer, ceremony=Ceremony.SIGN_IN, bound_hash=bound_hash)
    found = _found(vault, answer)
    if attempt and found.passkey.space != _typed(vault, attempt):
        raise _refusal()
    return _begun(vault, party, answer, found, acting=None, known=known)


def start_confirming(vault: Vault, party: RelyingParty, signin: SignIn, *, source: str) -> str:
    """Return what the browser of ``signin`` is asked, as JSON; empty if there is no passkey.

    Raises:
        RateLimitedError: It was asked too often.
    """
    with vault.read() as tx:
        mine = [one for one in tx.passkeys.of_holder(signin.auth.person) if _active(one)]
    if not mine:
        return ""
    bound_hash = signin.signin_hash
    challenge = ask(vault, Ceremony.CONFIRM, bound_hash=bound_hash, source=source)
    return use_options(party, challenge=challenge, known=mine)


def finish_confirming(
    vault: Vault, party: RelyingParty, signin: SignIn, text: str, *, known: str = ""
) -> SignedIn:
    """Turn the answer of a signed-in browser into a new sign-in, of the same holder alone.

    The one before gives way, as with every new sign-in (ASVS 7.2.4).

    Raises:
        InvalidInputError: The answer does not hold, or is of somebody else's passkey.
    """
    answer = read_answer(text)
    spend(vault, answer, ceremony=Ceremony.CONFIRM, bound_hash=signin.signin_hash)
    found = _found(vault, answer)
    if found.passkey.space != signin.auth.person:
        raise _refusal()
    begun = _begun(vault, party, answer, found, acting=signin, known=known)
    give_way(vault, signin, to=begun.signin)
    return begun


def methods_of(passkey: Passkey) -> tuple[str, ...]:
    """Return what was proven (RFC 8176): a key and its holder; where it lies, if that is known."""
    proven = [FACTORS, POSSESSION, PRESENCE]
    if passkey.acr == AAL3:
        proven.append(HARDWARE)
    elif not passkey.device_bound:
        proven.append(SOFTWARE)
    return tuple(sorted(proven))


def _found(vault: Vault, answer: Answer) -> _Known:
    credential_hash = hash_of(answer.credential_id)
    with vault.read() as tx:
        passkey, use = tx.passkeys.find(credential_hash), tx.protocol.passkey_use(credential_hash)
        holder = None if passkey is None else tx.holders.get(passkey.space)
    if passkey is None or use is None or holder is None or not _active(passkey):
        raise _refusal()
    if holder.state is not HolderState.ACTIVE:
        raise _refusal()
    return _Known(passkey=passkey, use=use)


def _begun(
    vault: Vault,
    party: RelyingParty,
    answer: Answer,
    found: _Known,
    *,
    acting: SignIn | None,
    known: str,
) -> SignedIn:
    """Verify the answer, and let a sign-in begin; the counter goes on, or nothing happens.

    Whoever acts for somebody else goes on doing so, by the mandate of ``acting``.
    """
    passkey = found.passkey
    proven: Proven = verify_use(
        party,
        answer,
        passkey=passkey,
        sign_count=found.use.sign_count,
        user_handle=handle_of(passkey.space),
    )
    now = vault.clock.now_ms() // MS
    cookie, form_token = vault.secrets.mint(SIGN_IN), vault.secrets.mint(FORM)
    signin_hash = vault.secrets.hash(cookie)
    signin = SignIn(
        signin_hash=signin_hash,
        space=passkey.space if acting is None else acting.space,
        mandate_id=None if acting is None else acting.mandate_id,
        csrf_hash=vault.secrets.hash(form_token),
        auth=authenticated(
            passkey.space,
            acr=passkey.acr,
            at=now,
            signin_hash=signin_hash,
            amr=methods_of(passkey),
        ),
        idle_expires_at=now + IDLE_SECONDS,
        expires_at=now + LONGEST_SECONDS,
    )
    with vault.work() as tx:
        counted = tx.protocol.use_passkey(
            passkey.credential_hash,
            seen=found.use.sign_count,
            sign_count=proven.sign_count,
            backed_up=proven.backed_up,
            now=now,
        )
        if counted:
            tx.protocol.add_signin(signin)
    if not counted:
        raise _refusal()
    return SignedIn(signin=signin, cookie=cookie, form_token=form_token, known=known)


def _typed(vault: Vault, attempt: str) -> Space | None:
    """Return the space of the number that was typed, as far as it has one."""
    secret = attempt.partition(SEPARATOR)[0]
    if not well_formed(secret, prefix=ATTEMPT):
        return None
    now = vault.clock.now_ms() // MS
    with vault.read() as tx:
        rows = [tx.protocol.attempt(one) for one in vault.secrets.hashes(secret)]
    live = (row for row in rows if row is not None and row.expires_at > now)
    return next((row.space for row in live), None)


def _active(passkey: Passkey) -> bool:
    return passkey.status is PasskeyStatus.ACTIVE


def _refusal() -> InvalidInputError:
    return InvalidInputError("the passkey was not verified", field="answer")
