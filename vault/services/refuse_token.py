"""A code or refresh token is shown by somebody it is not good for: that is a refusal of the grant.

Nothing of it ends: else any department could end what was granted to another (oauth.md 5). It
stands in the log and is told to the holder, so that a secret which leaked is seen to be tried.
"""

from dataclasses import dataclass, field
from functools import partial

from policies.access import MISUSED, overrule
from policies.requests import AccessRequest, Action
from vault.clients import Client
from vault.consents import Consent
from vault.ids import ID_BYTES, GrantId, NoticeId, Space
from vault.journal.entries import Basis, By, Kind, RequestTrace
from vault.journal.operations import Decided, Disclosure
from vault.ports import Tx
from vault.services import Vault
from vault.services.acting import new_entry_id
from vault.services.asking import Asking
from vault.services.entering import Draft, telling, under
from vault.services.entry_keys import entry_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """What was shown, and under which consent it was issued.

    Attributes:
        client: Showed it, and has proven itself.
        trace: How it was shown.
    """

    client: Client
    space: Space
    grant_id: GrantId
    trace: RequestTrace = field(repr=False)


def refuse_token(vault: Vault, misuse: Misuse) -> None:
    """Write the refusal, and tell the holder; without effect where the consent is gone.

    Raises:
        JournalUnavailableError: It is not known to be written.
    """
    with vault.read() as tx:
        consent = tx.consents.get(misuse.space, grant_id=misuse.grant_id)
        if consent is None:
            return
        actor_id = misuse.client.department_id
        keys = entry_keys(tx, keyring=vault.keyring, space=misuse.space, actor_id=actor_id)
        decided = _decided(misuse, consent, tx, vault.clock.now_ms())
    draft = Draft(
        entry_id=new_entry_id(vault.random),
        kind=Kind.LIST,
        basis=Basis.CONSENT,
        by=By(department=actor_id, client=misuse.client.client_id),
        trace=misuse.trace,
        on=under(consent),
    )
    vault.journal.submit(
        Disclosure(
            log_id=misuse.space.log_id,
            space=misuse.space,
            actor_id=actor_id,
            entry_id=draft.entry_id,
            keys=keys,
            decided=decided,
            decide=partial(_decided, misuse, consent),
            entry=draft.entry,
            quota_id=misuse.client.client_id.encode(),
            notices=telling(
                consent, entry_id=draft.entry_id, notice_id=NoticeId(vault.random(ID_BYTES))
            ),
        )
    )


def _decided(misuse: Misuse, consent: Consent, tx: Tx, now_ms: int) -> Decided:
    """Ask as if a token had been issued for it; whatever the policies say, it was not."""
    asking = Asking(tx, now_ms=now_ms)
    _, holder = asking.holder(misuse.space)
    decided = asking.decided(
        AccessRequest(
            action=Action.LIST,
            client=asking.client(misuse.client.client_id),
            holder=holder,
            consent=asking.consent(consent),
            case=asking.case(misuse.space, consent.case_no),
        )
    )
    return Decided(
        decision=overrule(decided.decision, MISUSED),
        seen=decided.seen,
        inputs=decided.inputs,
        holds_until_ms=decided.holds_until_ms,
    )
