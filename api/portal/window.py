"""Requests of kiosks and counters: typed in or found waiting, shown, decided, told.

The page is that of a department's request, with where and when it began, and for counters with
three numbers. Nothing of it leads away from here: who asked is told when it asks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Response

from api.consent_page import ConsentPage
from api.portal.asked import GIVE, SEPARATELY, WITHOUT, Looked, answers_of, choice_of, missing
from api.portal.consent import MENDABLE, previews, request_page, shown_hash
from api.portal.door import Form, Member, MemberDep, MembersFormDep, named, to
from api.portal.language import Language
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.views import AskedLine, AskedListView, DecidedView, DeviceView, ShowView
from api.portal.words import mark
from api.window_desk import Decision, Outcome, Waiting
from vault.clock import MS
from vault.crypto.letters import read_letters, spaced_letters
from vault.errors import InvalidInputError, NotFoundError

DEVICE: Final = "/space/device"
ASKED: Final = "/space/asked"
SHOW: Final = "/space/show"
DECIDED: Final = "/space/decided"
NUMBER: Final = "number"
MAX_CODE_CHARACTERS: Final = 32

router: Final = APIRouter(route_class=PageRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    icon: str
    tone: str
    title: str
    told: str


_OUTCOMES: Final[Mapping[Outcome, _Told]] = {
    Outcome.GIVEN: _Told(
        icon="check",
        tone="",
        title=mark("您已经同意"),
        told=mark("请回到机器或窗口继续办理。部门按您选的内容调取，每一次都会登记。"),
    ),
    Outcome.DECLINED: _Told(
        icon="refused",
        tone="quiet",
        title=mark("您没有同意"),
        told=mark("什么都没有给出。机器或窗口会得知您没有同意；您可以改用别的方式提供材料。"),
    ),
    Outcome.REPORTED: _Told(
        icon="lock",
        tone="care",
        title=mark("已经举报，什么都没有给出"),
        told=mark("谢谢您。管理人员会核查这个部门的系统；到明天结束前，它不能再为这件事找您。"),
    ),
    Outcome.MISMATCHED: _Told(
        icon="refused",
        tone="bad",
        title=mark("号码不对，请求已经作废"),
        told=mark(
            "什么都没有给出。您选的号码和窗口屏幕上的不一样：可能是选错了，也可能是有人冒充。"
            "如果您正在窗口，请工作人员重新发起；如果不在，您什么都不用做。"
        ),
    ),
    Outcome.UNMET: _Told(
        icon="key",
        tone="care",
        title=mark("这件事要用通行密钥确认"),
        told=mark(
            "机器或窗口要求的登录方式您还没有，所以请求已经结束，什么都没有给出。"
            "您可以先在“我的空间”里添加通行密钥，再到机器或窗口重新发起；也可以改用别的方式提供材料。"
        ),
    ),
}


_ONWARD: Final = {Outcome.GIVEN: "/space/consents", Outcome.UNMET: "/space/passkeys"}
"""Where one goes on; from anything else, to what stands in the log."""


@router.get(DEVICE)
def ask_code(member: MemberDep) -> Response:
    """Ask for the code on a kiosk's screen."""
    return _device(member, code="", prefilled=False)


@router.get(DEVICE + "/{code}")
def compare_code(code: str, member: MemberDep) -> Response:
    """Fill in the code that came with the address; the holder compares, and goes on."""
    letters = read_letters(code[:MAX_CODE_CHARACTERS])
    return _device(
        member, code=spaced_letters(letters) if letters else "", prefilled=bool(letters)
    )


@router.post(DEVICE)
def take_code(member: MemberDep, sent: MembersFormDep) -> Response:
    """Lead to what the kiosk asks for."""
    sent.only("user_code")
    typed = sent.one("user_code")[:MAX_CODE_CHARACTERS]
    say = member.language.say
    try:
        request_id = member.wired.window.enter(typed, signin=member.signin)
    except InvalidInputError:
        trouble = say("代码是 8 个英文字母，请照着机器屏幕再输一次。")
    except NotFoundError:
        trouble = say("没有机器正在显示这个代码，或者它不是为您办的事。请核对后再输。")
    else:
        return to(f"{ASKED}/{request_id.hex()}")
    return _device(member, code=typed, prefilled=False, trouble=trouble)


@router.get(ASKED)
def list_asked(member: MemberDep) -> Response:
    """List what counters wait for."""
    waiting = member.wired.window.waiting(signin=member.signin)
    view = AskedListView(waiting=tuple(asked_line(one, member.language) for one in waiting))
    return page("space/asked.html", frame=member.frame(), view=view)


@router.get(ASKED + "/{request}")
def ask(request: str, member: MemberDep) -> Response:
    """Show who asks, from where, for what, and why."""
    return request_page(member, _opened(member, request), Looked())


@router.post(ASKED + "/{request}")
def decide(request: str, member: MemberDep, sent: MembersFormDep) -> Response:
    """Give, decline, report, or show first what would leave."""
    sent.only("shown", "locale", "act", NUMBER, starting=(GIVE, WITHOUT, SEPARATELY))
    asked = _opened(member, request)
    looked = Looked(answers=answers_of(asked, sent), number=sent.one(NUMBER))
    act = sent.one("act")
    if act == "preview":
        return request_page(member, asked, looked.with_previews(previews(member, asked, looked)))
    if act == "give":
        troubles = missing(asked, looked.answers, member.language) | _unnumbered(
            asked, sent, member
        )
        if troubles:
            return request_page(member, asked, looked.with_troubles(troubles), status=MENDABLE)
        decision = Decision(choice=choice_of(asked, looked.answers), number=looked.number)
    elif act in {"refuse", "report"}:
        decision = Decision(reported=act == "report")
    else:
        raise InvalidInputError("there is no such decision", field="act")
    outcome = member.wired.window.decide(
        asked.interaction_id,
        signin=member.signin,
        decision=decision,
        locale=sent.one("locale"),
        shown_hash=shown_hash(sent.one("shown")),
    )
    return to(f"{DECIDED}/{outcome.value}")


@router.get(DECIDED + "/{outcome}")
def tell(outcome: str, member: MemberDep) -> Response:
    """Say what became of a decision, and what to do next."""
    if outcome not in set(Outcome):
        raise NotFoundError("no such page")
    told, say = _OUTCOMES[Outcome(outcome)], member.language.say
    view = DecidedView(
        icon=told.icon,
        tone=told.tone,
        title=say(told.title),
        told=say(told.told),
        onward=_ONWARD.get(Outcome(outcome), "/space/accesses"),
    )
    return page("space/decided.html", frame=member.frame(), view=view)


@router.get(SHOW)
def offer_code(member: MemberDep) -> Response:
    """Explain the code for a counter."""
    view = ShowView(code="", until=None)
    return page("space/show.html", frame=member.frame(), view=view)


@router.post(SHOW)
def show_code(member: MemberDep, sent: MembersFormDep) -> Response:
    """Show a code for a counter: it is minted now, and stands in no address."""
    sent.only()
    shown = member.wired.window.show(signin=member.signin)
    view = ShowView(code=shown.letters, until=member.language.at(shown.expires_at * MS))
    return page("space/show.html", frame=member.frame(), view=view)


def asked_line(one: Waiting, language: Language) -> AskedLine:
    """Return a counter's request as a line of a list."""
    return AskedLine(
        href=f"{ASKED}/{one.request_id.hex()}",
        department=language.of(one.department),
        item=language.of(one.item),
        place=one.place,
        at=language.at(one.asked_at * MS),
    )


def _opened(member: Member, request: str) -> ConsentPage:
    return member.wired.window.open(named(request), signin=member.signin)


def _unnumbered(asked: ConsentPage, sent: Form, member: Member) -> dict[str, str]:
    window = asked.window
    if window is None or not window.numbers or sent.one(NUMBER) in window.numbers:
        return {}
    say = member.language.say
    return {
        NUMBER: say("请先选出窗口屏幕上的号码。"),
        "": say("还有没选好的地方，下面都标出来了。什么都没有发出。"),
    }


def _device(member: Member, *, code: str, prefilled: bool, trouble: str = "") -> Response:
    view = DeviceView(code=code, prefilled=prefilled, trouble=trouble)
    status = MENDABLE if trouble else 200
    return page("space/device.html", frame=member.frame(), view=view, status=status)
