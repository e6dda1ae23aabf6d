"""What is shown by somebody it is not good for stands in the log, and its holder is told."""

from dataclasses import replace

from tests.support.world import World
from vault.consents import ConsentStatus
from vault.ids import GrantId
from vault.journal.entries import Basis, By, Kind, RequestTrace
from vault.notices import NoticeKind
from vault.services.refuse_token import Misuse, refuse_token

TRACE = RequestTrace(dpop_jkt="thumbprint", network="192.0.2.0/24", correlation="c-1")


def shown(world: World) -> Misuse:
    """Return that a client showed something of the one consent that there is."""
    granted = world.consent("ID01")
    with world.vault.read() as tx:
        found = tx.clients.get(granted.asked.client_id)
    assert found is not None
    return Misuse(client=found, space=granted.space, grant_id=granted.grant_id, trace=TRACE)


def test_the_refusal_names_who_showed_it_and_the_consent_stays(world: World) -> None:
    misuse = shown(world)

    refuse_token(world.vault, misuse)

    entry = world.last
    assert (entry.kind, entry.basis) == (Kind.REFUSAL, Basis.CONSENT)
    assert entry.by == By(department=misuse.client.department_id, client=misuse.client.client_id)
    assert entry.decision is not None
    assert entry.decision.reasons == ("token-misused",)
    assert entry.on is not None
    assert (entry.on.grant, entry.request) == (misuse.grant_id, TRACE)
    assert world.told[-1] is NoticeKind.REFUSAL
    with world.vault.read() as tx:
        consent = tx.consents.get(misuse.space, grant_id=misuse.grant_id)
    assert consent is not None
    assert consent.status is ConsentStatus.ACTIVE


def test_nothing_is_written_about_a_consent_that_is_gone(world: World) -> None:
    misuse = shown(world)
    before = world.last

    refuse_token(world.vault, replace(misuse, grant_id=GrantId(bytes(16))))

    assert world.last == before
