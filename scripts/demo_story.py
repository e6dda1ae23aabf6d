"""The story: departments deposit, a third one asks, the holder decides, and takes it back.

Departments and holders are independent clients over HTTP; the server is not told that this is
a story. Each step checks what it got; the first that comes out otherwise ends the story.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from requests_oauth2client import BearerToken

from api.consent_page import Text
from policies.catalogue import evidence_type
from policies.items import items
from scripts.demo_browser import Browser, Codes, StoryError
from scripts.demo_clients import DemoClient
from scripts.demo_department import Answer, DepartmentSystem
from scripts.demo_people import papers, people
from scripts.demo_proofs import bundle_proves, receipt_proves, release_proves
from scripts.demo_requests import (
    REQUESTS,
    Request,
    department_name,
    holder_name,
    paper_name,
    paper_names,
)
from scripts.demo_told import Narration
from vault.journal.trust import Policy

DAY_SECONDS: Final = 86_400
RETENTION_DAYS: Final = 30
REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the story plays.

    Attributes:
        clients: The departments' systems, by department.
        trust: Whom a receipt is believed from.
    """

    origin: str
    codes: Codes
    clients: Mapping[str, DemoClient] = field(repr=False)
    trust: Policy
    narration: Narration

    @property
    def locale(self) -> str:
        """What everybody reads."""
        return self.narration.locale

    def system(self, department: str) -> DepartmentSystem:
        """Return the system of a department, newly connected."""
        return DepartmentSystem(self.clients[department], origin=self.origin)


def tell(stage: Stage) -> None:
    """Play the whole story.

    Raises:
        StoryError: A step came out otherwise.
        requests.RequestException: The server does not answer.
    """
    _deposits(stage)
    for request in REQUESTS:
        _Visit(stage, request).play()


def _deposits(stage: Stage) -> None:
    for paper in papers():
        if paper.told:
            answer = stage.system(paper.issuer).deposit(paper)
            proven = receipt_proves(answer.body["receipt"]["text"], trust=stage.trust)
            stage.narration.say(
                department_name(paper.issuer),
                Text(
                    f"把{paper_name(paper.code).zh}存入{paper.holder.name}的空间",
                    f"deposits {paper_name(paper.code).en} for {paper.holder.name}",
                ),
                Text(f"回执有效，日志第 {proven.index} 条", f"a receipt: entry {proven.index}"),
            )


class _Visit:
    """One request of a department, from asking to the refusal after it was taken back."""

    def __init__(self, stage: Stage, request: Request) -> None:
        self._stage, self._request = stage, request
        self._holder = people()[request.holder]
        self._item = items()[request.item]
        self._department = department_name(self._item.department)
        self._system = stage.system(self._item.department)
        self._browser = Browser(stage.origin, locale=stage.locale)
        self._granted = [c for c in request.codes if c not in request.kept_back]

    def play(self) -> None:
        token = self._consented()
        self._pulled(token)
        self._proven()
        self._revoked()
        answer = self._pull(token, self._granted[0])
        if answer.status not in REFUSED:
            raise _otherwise(answer)
        self._say(
            self._department,
            Text("收回之后再次调取", "pulls again after that"),
            Text(f"被拒绝（{answer.status}）", f"refused ({answer.status})"),
        )

    def _consented(self) -> BearerToken:
        """Ask, let the holder sign in, see and decide; return the department's token."""
        case_no = self._system.open_case(
            self._holder, item=self._item.code, request_id=f"story-{time.time_ns()}"
        )
        asked, address = self._system.ask(self._details(case_no), locale=self._stage.locale)
        self._say(
            self._department,
            Text("推送授权请求（PAR、RAR、DPoP）", "pushes its request (PAR, RAR, DPoP)"),
            paper_names(self._request.codes),
        )
        page = self._browser.open(address)
        if self._holder.number in page.text:
            raise StoryError("页面上出现了号码", "the page shows the number")
        self._browser.sign_in(
            self._holder.kind.value, number=self._holder.number, codes=self._stage.codes
        )
        self._saw_everything()
        callback = self._decided()
        token = self._system.redeem(asked, callback=callback)
        self._say(
            holder_name(self._holder),
            Text("只同意一部分", "consents to a part"),
            paper_names(self._granted),
        )
        return token

    def _saw_everything(self) -> None:
        locale, text = self._stage.locale, self._browser.page.text
        shown = [
            self._department,
            Text(self._item.name_zh, self._item.name_en),
            self._request.note,
            *map(paper_name, self._request.codes),
        ]
        for one in shown:
            if one.of(locale) not in text:
                raise StoryError(f"授权页没有写：{one.zh}", f"the consent page lacks: {one.en}")
        self._say(
            holder_name(self._holder),
            Text(
                "用一次性验证码登录，看到谁要什么、为什么", "signs in, sees who asks what and why"
            ),
            Text(
                f"{self._department.zh}：{self._request.note.zh}",
                f"{self._department.en}: {self._request.note.en}",
            ),
        )

    def _decided(self) -> str:
        form = self._browser.page.form(holding=f"give-{self._request.codes[0]}")
        choice = {
            f"give-{code}": "none" if code in self._request.kept_back else self._view(code)
            for code in self._request.codes
        }
        callback = self._browser.send(form, **choice, act="give")
        if not callback:
            told = self._browser.page.text[:300]
            raise StoryError(f"没有得到授权：{told}", f"no consent came of it: {told}")
        return callback

    def _pulled(self, token: BearerToken) -> None:
        for code in self._granted:
            answer = self._pull(token, code)
            if answer.status != HTTPStatus.OK or not answer.body["held"]:
                raise _otherwise(answer)
            release_proves(answer.body, trust=self._stage.trust)
            names = [evidence_type(code).fields[name] for name in answer.body["fields"]]
            self._say(
                self._department,
                Text(
                    f"调取{paper_name(code).zh}，回执离线核验通过",
                    f"pulls {paper_name(code).en}; its receipt verifies offline",
                ),
                Text(
                    "、".join(one.zh for one in names),
                    ", ".join(one.en for one in names),
                ),
            )
        for code in sorted(self._request.kept_back):
            answer = self._pull(token, code)
            if answer.status not in REFUSED:
                raise _otherwise(answer)
            self._say(
                self._department,
                Text(
                    f"调取没有同意的{paper_name(code).zh}",
                    f"tries {paper_name(code).en}, not granted",
                ),
                Text(f"被拒绝（{answer.status}）", f"refused ({answer.status})"),
            )

    def _proven(self) -> None:
        page = self._browser.open("/space/accesses")
        archive = self._browser.download(page.link(ending="/receipt"))
        entry = bundle_proves(archive, trust=self._stage.trust)
        self._say(
            holder_name(self._holder),
            Text(
                "看到谁看过，下载回执并离线核验", "sees who looked, verifies the receipt offline"
            ),
            Text(
                f"有效，日志条目 {entry.entry_id.hex()[:8]}",
                f"it verifies: {entry.entry_id.hex()[:8]}",
            ),
        )

    def _revoked(self) -> None:
        page = self._browser.open("/space/consents")
        address = page.link(ending="/revoke")
        form = next(f for f in self._browser.open(address).forms if f.action.endswith("/revoke"))
        self._browser.submit(form)
        self._say(
            holder_name(self._holder),
            Text("收回授权", "revokes the consent"),
            Text("马上生效", "at once"),
        )

    def _pull(self, token: BearerToken, code: str) -> Answer:
        return self._system.pull(token, code=code, view=self._view(code))

    def _view(self, code: str) -> str:
        return self._item.requirements[code].view.label

    def _details(self, case_no: str) -> dict[str, Any]:
        now = int(time.time())
        needs = [self._item.requirements[code] for code in self._request.codes]
        return {
            "type": "evidence_access",
            "locations": [self._stage.origin],
            "basis": "consent",
            "subject": {"kind": self._holder.holder_kind},
            "purpose": {
                "code": self._request.purpose,
                "note": self._request.note.of(self._stage.locale),
            },
            "item": self._item.code,
            "case": case_no,
            "evidence": [
                {"code": one.evidence, "view": one.view.label, "fields": list(one.fields)}
                for one in needs
            ],
            "valid": {"from": now - 60, "to": now + 30 * DAY_SECONDS},
            "retention_days": RETENTION_DAYS,
        }

    def _say(self, who: Text, what: Text, seen: Text) -> None:
        self._stage.narration.say(who, what, seen)


def _otherwise(answer: Answer) -> StoryError:
    told = {key: answer.body.get(key) for key in ("title", "detail", "reasons", "held")}
    return StoryError(
        f"服务器回答 {answer.status}：{told}", f"the server answered {answer.status}: {told}"
    )
