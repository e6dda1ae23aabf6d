"""How the routes of the authorization server get their collaborators and send their answers."""

from typing import Annotated, Final

import structlog
from fastapi import Depends, Response

from api.deps import WiredDep
from api.middleware import correlation_id, seen
from api.oauth.answer import Answer
from api.oauth.provider import Provider
from api.oauth.resource import Resource

_log: Final = structlog.get_logger("myspace.oauth")


async def provider(wired: WiredDep) -> Provider:
    """Return the collaborators behind the injected resolver: it is ours."""
    if not isinstance(wired.resolve, Resource):
        raise TypeError("the token resolver is not that of the authorization server")
    return wired.resolve.provider


ProviderDep = Annotated[Provider, Depends(provider)]


def answered(provider: Provider, answer: Answer, *, path: str) -> Response:
    """Send an answer with the nonce of now."""
    nonce = provider.nonces.at(provider.now())
    return sent(answer, path=path, extra={"DPoP-Nonce": nonce})


def sent(answer: Answer, *, path: str, extra: dict[str, str] | None = None) -> Response:
    """Send an answer; log why it refuses, which the answer does not say."""
    if answer.fault is not None:
        seen().refused(answer.fault.say.error, reason=answer.fault.reason)
        _log.info(
            "refused",
            id=correlation_id(),
            path=path,
            error=answer.fault.say.error,
            reason=answer.fault.reason,
        )
    return answer.response(extra=extra)
