"""A caller that has to ask again: its proof is spent, its consent is read anew."""

import pytest

from tests.support.world import World
from tests.support.world_values import MARKET
from vault.errors import NotFoundError
from vault.services.moving_on import refreshed


def test_a_caller_without_a_consent_has_only_spent_its_proof(world: World) -> None:
    caller = world.caller(MARKET)

    again = refreshed(world.vault, caller)

    assert (caller.claim is None, again.claim) == (False, None)
    assert again.live == caller.live


def test_a_consent_that_is_gone_meanwhile_is_not_found(world: World) -> None:
    world.deposit()
    consent = world.consent()
    caller = world.requester(consent)
    with world.spoiling() as rows:
        del rows.consents[consent.grant_id]

    with pytest.raises(NotFoundError, match="no such consent"):
        refreshed(world.vault, caller)
