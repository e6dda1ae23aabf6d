"""Holders under ``/v1/me``: the portal's sign-in cookie, and proof that a page of ours asks.

No bearer token is taken there (architecture.md 9.13). Whatever changes something needs the
header ``X-CSRF-Token`` of that very sign-in, and an ``Origin`` that is the issuer.
"""

from typing import Annotated, Final

from fastapi import Depends, Path, Request
from starlette.exceptions import HTTPException

from api.deps import SIGNIN_COOKIE, WiredDep
from api.middleware import correlation_id
from vault.services.acting import Member, network_prefix
from vault.services.sign_in import csrf_is_of, live_sign_in

FORM_HEADER: Final = "x-csrf-token"
SAME_ORIGIN: Final = frozenset({"same-origin", "none"})

IdPath = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


def signed_in(request: Request, wired: WiredDep) -> Member:
    """Return who is signed in; 401 where nobody is."""
    cookie = request.cookies.get(wired.cookie(SIGNIN_COOKIE), "")
    signin = live_sign_in(wired.vault, cookie)
    if signin is None:
        raise HTTPException(401)
    return Member(
        signin=signin,
        network=network_prefix(request.client.host) if request.client else None,
        correlation=correlation_id(),
    )


MemberDep = Annotated[Member, Depends(signed_in)]


def changing(request: Request, member: MemberDep, wired: WiredDep) -> Member:
    """Return who is signed in, if the request came from a page of this sign-in; else 403."""
    headers = request.headers
    ours = headers.get("origin") == wired.issuer
    ours = ours and headers.get("sec-fetch-site", "same-origin") in SAME_ORIGIN
    token = headers.get(FORM_HEADER, "")
    if not ours or not csrf_is_of(wired.vault, member.signin, token=token):
        raise HTTPException(403)
    return member


ChangingMemberDep = Annotated[Member, Depends(changing)]
