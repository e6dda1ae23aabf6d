"""Errors as pages: what happened, what did not happen, and what to do next.

Which status an error has, ``api.problems`` says; here are the words. Nothing of a request is
repeated, and what an error knows of the inside stays in the operator's log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from fastapi import Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.deps import SIGNIN_COOKIE, DeclinedBeforeError, LedAwayError
from api.middleware import correlation_id
from api.portal.door import (
    HOME,
    SIGN_IN,
    ForeignFormError,
    SignInNeededError,
    Visit,
    local,
    onward_to,
    sign_in_for,
    to,
)
from api.portal.language import Language
from api.portal.pages import page
from api.portal.views import TroubleView
from api.portal.words import mark, reason_words
from api.problems import problem_of
from vault.clients.levels import AAL1, rank
from vault.errors import (
    AccessDeniedError,
    ConflictError,
    IntegrityError,
    InvalidInputError,
    JournalUnavailableError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    StepUpRequiredError,
    TooLargeError,
    UnavailableError,
    VaultError,
)

CONSENT: Final = ("/space/consent/", "/space/asked/")
"""Where departments' requests are shown."""

CONFIRM: Final = "/space/confirm"
TYPING: Final = "/space/device"
NOT_FRESH: Final = "sign-in-not-fresh"
PASSKEY_NEEDED: Final = frozenset(
    {NOT_FRESH, "export-needs-passkey", "passkey-needed", "step-up-needed"}
)
"""Reasons that a passkey answers; that the sign-in is not fresh, alone, a code does too."""
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
BROKEN: Final = 500
MINUTE: Final = 60
LONGEST_MINUTES: Final = 90
"""What takes longer is told in hours."""

_log = structlog.get_logger("myspace.portal")

Failure = VaultError | HTTPException | RequestValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Sources in Chinese.

    Attributes:
        again: The next step is this very page, opened anew.
        asks: Somebody has to look into it: show the number of the request.
    """

    title: str
    told: str
    again: bool = False
    asks: bool = False


_NOT_FOUND: Final = _Words(
    title=mark("没有找到这一页"), told=mark("可能已经过期，或者地址不完整。")
)
_NO_REQUEST: Final = _Words(
    title=mark("没有这份请求"),
    told=mark(
        "它可能已经决定过、已经过期，或者是发给另一个人、另一台设备的。"
        "没有给出任何材料。需要时，请回到部门的网站重新发起。"
    ),
)
_FOREIGN: Final = _Words(
    title=mark("这一页放得太久了"),
    told=mark("为了防止别的网站冒充您，请重新打开页面再提交。什么都没有改动。"),
)
_TOO_LARGE: Final = _Words(title=mark("发来的内容太大"), told=mark("什么都没有改动。"))
_MISFILLED: Final = _Words(
    title=mark("这份表单没有填对"),
    told=mark("什么都没有改动。请重新打开，再填一次。"),
    again=True,
)
_OFTEN_SIGNING_IN: Final = _Words(
    title=mark("请稍等一会儿"),
    told=mark(
        "为了保护您的空间，短时间内只能试几次。如果是别人在试，以前登录过您空间的浏览器不受影响，"
        "您可以用它登录。试错的次数多了，我们会通知您登记的手机或邮箱。"
    ),
)
_OFTEN_TYPING: Final = _Words(
    title=mark("输错的代码太多了"),
    told=mark(
        "为了不让别人猜中机器上的代码，现在不能再输了，什么都没有给出。请到窗口办理，或者过些时候再试。"
    ),
)
_ASKED_OFTEN: Final = _Words(
    title=mark("这个部门问得太频繁了"),
    told=mark(
        "为了不让您被反复打扰，我们没有显示这份请求，也没有给出任何材料。您什么都不用做；"
        "如果是您自己要办这件事，请过些时候回到部门的网站重新发起。"
    ),
)
_DECLINED: Final = _Words(
    title=mark("您已经两次没有同意"),
    told=mark(
        "这个部门又来要同一件事的材料。为了不让您被反复打扰，我们没有显示这份请求，也没有给出任何材料。"
        "您什么都不用做；如果您改了主意，请过些时候回到部门的网站重新发起，或者自己带材料去办。"
    ),
)
_OF_STATUS: Final[Mapping[int, _Words]] = {400: _MISFILLED, 413: _TOO_LARGE}
"""What the framework refuses by itself."""
_BROKEN: Final = _Words(
    title=mark("我们这边出了问题"),
    told=mark("不是您的错。请过一会儿再试；还不行，请联系服务人员。"),
    asks=True,
)
_WORDS: Final[Mapping[type[VaultError], _Words]] = {
    NotFoundError: _NOT_FOUND,
    AccessDeniedError: _Words(
        title=mark("这次不能办"), told=mark("%(reasons)s这次尝试已经登记在“谁看过”里。")
    ),
    ConflictError: _Words(
        title=mark("内容刚刚有变化"),
        told=mark("什么都没有改动。请重新打开，看清楚最新的内容再决定。"),
        again=True,
    ),
    TooLargeError: _TOO_LARGE,
    InvalidInputError: _MISFILLED,
    RateLimitedError: _Words(
        title=mark("请稍等一会儿"), told=mark("为了保护您的空间，短时间内只能试几次。")
    ),
    OutcomeUnknownError: _Words(
        title=mark("还不知道有没有登记成功"),
        told=mark("请先看看“谁看过”和“我的授权”里有没有这一条，再决定要不要重试。"),
        asks=True,
    ),
    JournalUnavailableError: _Words(
        title=mark("现在不能登记，所以没有打开"),
        told=mark(
            "每一次查看都要先登记。日志暂时写不进去，所以什么都没有打开，也没有改动。请过一会儿再试。"
        ),
        again=True,
        asks=True,
    ),
    UnavailableError: _Words(
        title=mark("暂时不能用"),
        told=mark("什么都没有打开，也没有改动。请过一会儿再试。"),
        again=True,
        asks=True,
    ),
    IntegrityError: _Words(
        title=mark("这份内容没有通过核对"),
        told=mark("存放的内容和登记的不一致，所以没有给出。请把编号告诉服务人员。"),
        asks=True,
    ),
}
"""By class; an error has the words of the nearest one."""


def trouble(error: Failure, visit: Visit) -> Response:
    """Return the page for an error, or the way to sign in where that is what is missing."""
    if isinstance(error, LedAwayError):
        return error.way.response()
    elsewhere = _elsewhere(error, visit)
    if elsewhere:
        return to(elsewhere)
    if isinstance(error, ForeignFormError):
        return _page(visit, _FOREIGN, status=FORBIDDEN, href=visit.wired.issuer + HOME)
    if not isinstance(error, VaultError):
        status = error.status_code if isinstance(error, HTTPException) else NOT_FOUND
        words = _OF_STATUS.get(status, _NOT_FOUND)
        return _page(visit, words, status=status)
    status = problem_of(error).status
    words = next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), _BROKEN)
    words = _of_place(words, error=error, path=visit.path)
    _log.info("refused", id=correlation_id(), status=status, reason=type(error).__name__)
    response = _page(visit, words, status=status, added=_added(error, visit.language))
    if isinstance(error, (RateLimitedError, UnavailableError)):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _elsewhere(error: Failure, visit: Visit) -> str:
    """Return where the browser goes on, where something else comes first; else nothing."""
    if isinstance(error, SignInNeededError):
        return sign_in_for(error.onward)
    if _needs_passkey(error):
        return onward_to(CONFIRM, local(visit.path))
    if isinstance(error, StepUpRequiredError) or _grew_old(error):
        return sign_in_for(visit.path)
    return ""


def broken(visit: Visit) -> Response:
    """Return the page for a bug: a number to ask with, and nothing else."""
    return _page(visit, _BROKEN, status=BROKEN)


def _of_place(words: _Words, *, error: VaultError, path: str) -> _Words:
    """Return what is said of an error here, where more can be said than anywhere else."""
    consent, often = path.startswith(CONSENT), isinstance(error, RateLimitedError)
    if words is _NOT_FOUND and consent:
        return _NO_REQUEST
    if isinstance(error, DeclinedBeforeError):
        return _DECLINED
    if often and consent:
        return _ASKED_OFTEN
    if often and path.startswith(SIGN_IN):
        return _OFTEN_SIGNING_IN
    if often and path.startswith(TYPING):
        return _OFTEN_TYPING
    return words


def _needs_passkey(error: Failure) -> bool:
    """Say whether nothing but a passkey is missing."""
    if isinstance(error, StepUpRequiredError):
        return rank(error.acr) > rank(AAL1)
    if not isinstance(error, AccessDeniedError):
        return False
    return {NOT_FRESH} < {NOT_FRESH, *error.reasons} <= PASSKEY_NEEDED


def _grew_old(error: Failure) -> bool:
    """Say whether nothing but a newer sign-in is missing."""
    return isinstance(error, AccessDeniedError) and NOT_FRESH in error.reasons


def _added(error: VaultError, language: Language) -> str:
    if isinstance(error, AccessDeniedError):
        return reason_words(error.reasons, language)
    if isinstance(error, RateLimitedError):
        minutes = -(-error.retry_after_seconds // MINUTE)
        if minutes > LONGEST_MINUTES:
            return language.counted("请在 %(num)s 小时后再试。", -(-minutes // MINUTE))
        return language.counted("请在 %(num)s 分钟后再试。", minutes)
    return ""


def _page(
    visit: Visit, words: _Words, *, status: int, href: str = "", added: str = ""
) -> Response:
    language = visit.language
    if "%(reasons)s" in words.told:
        told = language.say(words.told, reasons=added)
    else:
        told = language.spaced((language.say(words.told), added))
    here = words.again and visit.path.startswith(HOME)
    view = TroubleView(
        title=language.say(words.title),
        told=told,
        step=language.say("重新打开") if here else language.say("回到首页"),
        href=href or (visit.path if here else HOME),
        correlation=correlation_id() if words.asks else "",
    )
    signed = bool(visit.cookie(SIGNIN_COOKIE))
    return page("space/trouble.html", frame=visit.frame(signed=signed), view=view, status=status)
