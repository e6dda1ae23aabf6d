"""Whether a sign-in is strong and fresh enough for a request, and what to do where it is not."""

from api.oauth.authorize import INTERACTION_SECONDS
from api.oauth.params import Params
from api.oauth.pushed import Pushed
from vault.clients import Client
from vault.clients.levels import rank
from vault.clients.protocol import Interaction, InteractionState, SignIn
from vault.errors import StepUpRequiredError
from vault.ports import Tx
from vault.services.acting import FRESH_SECONDS
from vault.services.own_passkeys import strongest


class OutOfReachError(Exception):
    """The client demands a sign-in that this holder has no means for.

    Attributes:
        acr: The weakest level that would have done.
    """

    def __init__(self, acr: str) -> None:
        """Keep what is missing."""
        super().__init__("the holder has no such sign-in")
        self.acr = acr


class UnmetError(Exception):
    """The same of a pushed request."""

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


def check_sign_in(
    tx: Tx, pushed: Pushed, *, asked: tuple[Interaction, Client], signin: SignIn, now: int
) -> None:
    """Require of a sign-in what a pushed request asks for.

    Args:
        tx: Reads.
        pushed: The request.
        asked: Its interaction, and who asks.
        signin: Of whoever is there.
        now: UTC seconds.

    Raises:
        StepUpRequiredError: It has to be stronger, or newer.
        UnmetError: It cannot be as strong as it must.
    """
    interaction, client = asked
    try:
        check_level(tx, pushed, signin=signin)
    except OutOfReachError as error:
        raise UnmetError(interaction, pushed, client=client) from error
    began_at = interaction.expires_at - INTERACTION_SECONDS
    check_fresh(pushed, began_at=began_at, signin=signin, now=now)


def check_level(tx: Tx, asked: Params, *, signin: SignIn) -> None:
    """Require a sign-in as strong as the client asked for, as far as this holder can.

    Args:
        tx: Reads.
        asked: The request.
        signin: Of whoever is there; a passkey is theirs, in whosever space they act.

    Raises:
        StepUpRequiredError: They can, and have not yet.
        OutOfReachError: They cannot, and nothing weaker will do.
    """
    reached = signin.auth.acr
    best = max(reached, strongest(tx, signin.auth.person), key=rank)
    goal = asked.level.goal(best=best)
    if rank(goal) > rank(best):
        raise OutOfReachError(goal)
    if rank(goal) > rank(reached):
        raise StepUpRequiredError(acr=goal, max_age_seconds=asked.max_age)


def check_fresh(asked: Params, *, began_at: int, signin: SignIn, now: int) -> None:
    """Require a sign-in young enough for a consent, for ``max_age`` and for ``prompt=login``.

    Args:
        asked: The request.
        began_at: When it was first put before somebody; its own demands count from then.
        signin: Of whoever is there.
        now: UTC seconds.

    Raises:
        StepUpRequiredError: It is older.
    """
    anew = "login" in asked.prompts
    oldest = max(now - FRESH_SECONDS, began_at - (0 if anew else asked.max_age))
    if signin.auth.auth_time < oldest:
        needed = asked.level.goal(best=signin.auth.acr)
        raise StepUpRequiredError(acr=needed, max_age_seconds=0 if anew else asked.max_age)
