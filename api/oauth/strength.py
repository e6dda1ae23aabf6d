"""Whether a sign-in is strong and fresh enough for a request, and what to do where it is not."""

from api.oauth.authorize import INTERACTION_SECONDS
from api.oauth.pushed import FRESH_SECONDS, Pushed
from vault.clients import Client
from vault.clients.levels import rank
from vault.clients.protocol import Interaction, InteractionState, SignIn
from vault.errors import StepUpRequiredError
from vault.ports import Tx
from vault.services.own_passkeys import strongest


class UnmetError(Exception):
    """The client needs a sign-in that this holder cannot reach."""

    def __init__(self, interaction: Interaction, pushed: Pushed, *, client: Client) -> None:
        """Keep which request is over for it, and whose it was."""
        super().__init__("the holder has no such sign-in")
        self.interaction, self.pushed, self.client = interaction, pushed, client

    def spend(self, tx: Tx, *, now: int) -> None:
        """Let nobody decide on it any more."""
        tx.protocol.spend_pushed(self.interaction.request_hash, now=now)
        tx.protocol.close_interaction(
            self.interaction.interaction_id, state=InteractionState.DENIED
        )


def check_level(
    tx: Tx, pushed: Pushed, *, asked: tuple[Interaction, Client], signin: SignIn
) -> None:
    """Require a sign-in as strong as the client asked for, as far as this holder can.

    Args:
        tx: Reads.
        pushed: The request.
        asked: Its interaction, and who asks.
        signin: Of whoever is there; a passkey is theirs, in whosever space they act.

    Raises:
        StepUpRequiredError: They can, and have not yet.
        UnmetError: They cannot, and nothing weaker will do.
    """
    reached = signin.auth.acr
    best = max(reached, strongest(tx, signin.auth.person), key=rank)
    goal = pushed.level.goal(best=best)
    if rank(goal) > rank(best):
        interaction, client = asked
        raise UnmetError(interaction, pushed, client=client)
    if rank(goal) > rank(reached):
        raise StepUpRequiredError(acr=goal, max_age_seconds=pushed.max_age)


def check_fresh(pushed: Pushed, *, interaction: Interaction, signin: SignIn, now: int) -> None:
    """Require a sign-in young enough for a consent, for ``max_age`` and for ``prompt=login``.

    Raises:
        StepUpRequiredError: It is older.
    """
    opened_at = interaction.expires_at - INTERACTION_SECONDS
    anew = "login" in pushed.prompts
    oldest = max(now - FRESH_SECONDS, opened_at - (0 if anew else pushed.max_age))
    if signin.auth.auth_time < oldest:
        needed = pushed.level.goal(best=signin.auth.acr)
        raise StepUpRequiredError(acr=needed, max_age_seconds=0 if anew else pushed.max_age)
