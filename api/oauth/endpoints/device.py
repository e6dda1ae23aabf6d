"""``POST /oauth/device_authorization`` (RFC 8628): a kiosk begins, its visitor decides elsewhere.

A kiosk stands where anybody may: it gets what its visitor would see at a glance, for a day at
most, and it proves one key from here to the last poll. Who may decide, the case says; the code
on the screen only leads there.
"""

from typing import Final

from api.oauth.answer import Answer
from api.oauth.awaited import INTERVAL_SECONDS, LIFETIME_SECONDS, Awaited, read_awaited
from api.oauth.errors import FaultError, Say
from api.oauth.frozen import Frozen
from api.oauth.hints import HINTS
from api.oauth.par import bound_to
from api.oauth.phases import check_step, two_phases
from api.oauth.prompts import count_start
from api.oauth.provider import Provider
from api.oauth.screen_codes import user_code_name
from api.oauth.secrets import DEVICE_CODE
from api.oauth.server import Server
from vault.clients.async_requests import AsyncKind, AsyncRequest
from vault.clients.confirmation import Confirmation
from vault.clients.profiles import Asked, Step
from vault.crypto.letters import mint_letters, spaced_letters
from vault.ids import ID_BYTES

PATH: Final = "/oauth/device_authorization"
PAGE: Final = "/space/device"
DRAWS: Final = 4
"""How often letters are drawn before something is wrong with the draw."""


async def begin(provider: Provider, frozen: Frozen) -> Answer:
    """Accept a kiosk's request; answer its two codes."""
    return await two_phases(
        provider, frozen, check=lambda server: _checked(server, frozen), act=_kept
    )


def _checked(server: Server, frozen: Frozen) -> tuple[Awaited, Confirmation]:
    if HINTS & frozen.form.keys():
        raise FaultError(Say.NOT_OFFERED, reason="the case says who decides")
    cnf = bound_to(server, frozen.form)
    check_step(server, step=Step.DEVICE, request=Asked(bound=True))
    awaited = read_awaited(server, frozen.form, resources=frozen.resources)
    check_step(server, step=Step.DEVICE, request=awaited.asked(now=server.now))
    return awaited, cnf


def _kept(server: Server, checked: tuple[Awaited, Confirmation]) -> Answer:
    awaited, cnf = checked
    vault, secrets = server.provider.vault, server.provider.secrets
    holder = awaited.wanted.space.holder_id
    often = count_start(vault, server.tx, server.client, holder=holder, now=server.now)
    if often is not None:
        raise often
    request_id, code = vault.random(ID_BYTES), secrets.mint(DEVICE_CODE)
    letters = _letters(server)
    server.tx.protocol.add_async(
        AsyncRequest(
            request_id=request_id,
            kind=AsyncKind.DEVICE,
            code_hash=secrets.hash(code),
            user_code_hash=secrets.hash(user_code_name(letters)),
            client_id=server.client.client_id,
            space=awaited.wanted.space,
            params=awaited.sealed(secrets, request_id=request_id),
            cnf=cnf,
            interval=INTERVAL_SECONDS,
            created_at=server.now,
            expires_at=server.now + LIFETIME_SECONDS,
        )
    )
    page = server.provider.url(PAGE)
    shown = spaced_letters(letters)
    return Answer(
        status=200,
        body={
            "device_code": code,
            "user_code": shown,
            "verification_uri": page,
            "verification_uri_complete": f"{page}/{shown.lower()}",
            "expires_in": LIFETIME_SECONDS,
            "interval": INTERVAL_SECONDS,
        },
    )


def _letters(server: Server) -> str:
    """Draw letters that no other kiosk shows at the moment."""
    for _ in range(DRAWS):
        letters = mint_letters(random=server.provider.vault.random)
        hashes = server.provider.secrets.hashes(user_code_name(letters))
        if not any(server.tx.protocol.async_of_user_code(one) for one in hashes):
            return letters
    raise FaultError(Say.BUSY, reason="no letters are free")
