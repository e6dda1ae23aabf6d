"""Views with plainly invented people, for looking at pages without a vault behind them."""

from api.portal.views import (
    AccessesView,
    AccessLine,
    AccessView,
    AskedItem,
    Badge,
    Choice,
    CodeView,
    ConsentCard,
    ConsentPageView,
    ConsentsView,
    DemandLine,
    DemandsView,
    DemandWay,
    EndMandateView,
    Fact,
    FieldBox,
    FileLine,
    GiveMandateView,
    GrantedItem,
    GroupCard,
    HomeView,
    LeaveView,
    MakePasskeyView,
    MandateCard,
    MandatesView,
    NarrowItem,
    NarrowMandateView,
    NarrowView,
    PasskeyLine,
    PasskeysView,
    Preview,
    RecordGroup,
    RecordLine,
    RecordsView,
    RecordView,
    RevokeView,
    SeenItem,
    SignInView,
    Ticks,
    Tone,
    TroubleView,
    UsePasskeyView,
    ViewOption,
    When,
)

WHEN = When(text="2026年11月24日 14:20", iso="2026-11-24T06:20:00+00:00")
VALID = Badge(text="有效", tone=Tone.GOOD)
GRANT = "00112233445566778899aabbccddeeff"
DEPARTMENT = "示范区市场监督管理局（模拟）"

SIGN_IN = SignInView(
    kinds=(
        Choice(value="resident_id", label="居民身份证号（个人）", chosen=True),
        Choice(value="uscc", label="统一社会信用代码（企业、单位）"),
        Choice(value="other", label="其他证件"),
    ),
    other_kinds=(
        Choice(value="hkmt", label="港澳台居民居住证"),
        Choice(value="permanent_resident", label="外国人永久居留身份证"),
    ),
    number="",
    onward="/space",
    trouble="",
    reason="",
    passkey_href="/space/sign-in/passkey",
)
CODE = CodeView(onward="/space", trouble="", passkey_href="/space/sign-in/passkey?number=typed")


def access(**changes: object) -> AccessLine:
    """Return one line of the ledger."""
    plain: dict[str, object] = {
        "icon": "department",
        "tone": Tone.GOOD,
        "title": f"{DEPARTMENT}查看了您的居民身份证",
        "at": WHEN,
        "outcome": "",
        "reason": "",
        "basis": "凭您的授权",
        "item": "食品经营许可（小微餐饮）",
        "seen": (
            SeenItem(
                name="居民身份证", view="完整内容", fields=("姓名", "公民身份号码", "有效期止")
            ),
        ),
        "use": "用途：部门应在2026年12月25日前说明",
        "href": f"/space/accesses/{GRANT}",
        "receipt_href": f"/space/accesses/{GRANT}/receipt",
        "index": 1842,
        "fresh": True,
    }
    return AccessLine(**(plain | changes))  # type: ignore[arg-type]  # spelled out above


LINES = (
    access(),
    access(
        icon="refused",
        tone=Tone.BAD,
        title=f"{DEPARTMENT}想看您的不动产权证书",
        outcome="已拒绝",
        reason="授权已撤回。",
        seen=(SeenItem(name="不动产权证书", view="完整内容", fields=()),),
    ),
    access(
        icon="person",
        tone=Tone.QUIET,
        title="您打开了自己的机动车驾驶证",
        basis="",
        item="",
        seen=(SeenItem(name="机动车驾驶证", view="", fields=()),),
        fresh=False,
    ),
    access(
        icon="consents",
        title=f"您同意{DEPARTMENT}调取居民身份证",
        seen=(SeenItem(name="居民身份证", view="完整内容", fields=()),),
    ),
)
HOME = HomeView(
    name="张**",
    fresh=2,
    wrong_codes=12,
    news=LINES,
    groups=(
        GroupCard(slug="identity", name="身份", count=3),
        GroupCard(slug="licence", name="证照", count=5),
        GroupCard(slug="credit", name="信用", count=1),
        GroupCard(slug="service_result", name="办事结果", count=2),
        GroupCard(slug="material", name="自备材料", count=0),
    ),
    mandates=1,
    active_consents=2,
    passkeys=1,
)


def line(name: str, issuer: str, validity: str, badge: Badge = VALID) -> RecordLine:
    """Return one record of a list."""
    return RecordLine(
        href=f"/space/records/{GRANT}",
        name=name,
        issuer=issuer,
        badge=badge,
        validity=validity,
    )


RECORDS = RecordsView(
    groups=(
        RecordGroup(
            slug="identity",
            name="身份",
            records=(
                line("居民身份证", "示范区公安分局（模拟）", "有效期到 2036年5月1日"),
                line("居民户口簿", "示范区公安分局（模拟）", "长期有效"),
            ),
        ),
        RecordGroup(
            slug="licence",
            name="证照",
            records=(
                line("营业执照", DEPARTMENT, "长期有效"),
                line(
                    "机动车驾驶证",
                    "示范区公安分局（模拟）",
                    "有效期到 2026年12月20日",
                    Badge(text="快到期", tone=Tone.CARE),
                ),
                line(
                    "食品经营许可证",
                    DEPARTMENT,
                    "有效期到 2026年1月20日",
                    Badge(text="已过期", tone=Tone.BAD),
                ),
            ),
        ),
    )
)
FACTS = (
    Fact(label="姓名", value="张小满"),
    Fact(label="性别", value="女"),
    Fact(label="出生日期", value="1900年1月1日"),
    Fact(
        label="常住户口所在地住址",
        value="示范省示范市示范区示范路1号",
        hidden="示范省示范市示范区",
    ),
    Fact(label="公民身份号码", value="11010519000101001X", hidden="1****************X"),
    Fact(label="签发机关", value="示范区公安分局（模拟）"),
    Fact(label="有效期", value="2026年5月1日"),
)
RECORD = RecordView(
    name="居民身份证",
    group="身份",
    slug="identity",
    badge=VALID,
    facts=FACTS,
    files=(FileLine(href="#", name="身份证正面.jpg", kind="图片", size="212 KB"),),
    issuer="示范区公安分局（模拟）",
    trust="A 级",
    trust_explained="发证机关直接提供，可以直接使用。",
    validity="2016年5月1日 到 2036年5月1日",
    served_until="",
    updated=WHEN,
    version=3,
    journal_index=1843,
)


def asked(code: str, name: str, **changes: object) -> AskedItem:
    """Return one evidence type of a request."""
    plain: dict[str, object] = {
        "code": code,
        "name": name,
        "issuer": "示范区公安分局（模拟）",
        "badge": VALID,
        "updated": WHEN,
        "sensitive": False,
        "agreed": False,
        "fields": ("姓名", "公民身份号码", "有效期止"),
        "necessity": "必需；不授权：须用其他方式提供后才能办理",
        "other_way": "到窗口出示身份证原件",
        "legal": "《行政许可法》第31条",
        "options": (
            ViewOption(
                value="verify",
                label="只核对",
                explained="只告诉部门：有没有、是否有效、谁发的、何时更新。",
                asked=False,
                chosen=False,
            ),
            ViewOption(
                value="summary",
                label="给遮盖后的内容",
                explained="号码、姓名等会打上星号。",
                asked=False,
                chosen=False,
            ),
            ViewOption(
                value="full",
                label="给完整内容",
                explained="只包括上面这些。",
                asked=True,
                chosen=True,
            ),
        ),
        "refuse_chosen": False,
        "leave_out": (
            FieldBox(value="name", label="姓名"),
            FieldBox(value="id_number", label="公民身份号码"),
        ),
        "preview": None,
        "trouble": "",
    }
    return AskedItem(**(plain | changes))  # type: ignore[arg-type]  # spelled out above


CONSENT = ConsentPageView(
    action=f"/space/consent/{GRANT}",
    department=DEPARTMENT,
    contact="010-00000000 · service@example.org",
    privacy_officer="李**（privacy@example.org）",
    client="示范区一网通办受理系统",
    item="食品经营许可（小微餐饮）",
    case_tail="407193K",
    purpose="申请行政许可",
    note="您 11 月 24 日提交的小餐馆开业申请需要核对以下材料。",
    legal="经您同意（《个人信息保护法》第13条第1款第1项）",
    items=(
        asked(
            "ID01",
            "居民身份证",
            preview=Preview(
                label="会发出的内容（完整内容）",
                facts=(
                    Fact(label="姓名", value="张小满"),
                    Fact(label="公民身份号码", value="11010519000101001X"),
                ),
                told="",
            ),
        ),
        asked(
            "LC08",
            "残疾人证",
            sensitive=True,
            trouble="请选一个：给，还是不给。",
            necessity="不给：仍可办理，只是不能享受减免。",
        ),
    ),
    until=WHEN,
    uses="每种材料最多调取 1 次",
    kept="部门保存 180 天，之后删除",
    identity="部门会知道登录的是同一个人：一个只给本部门用的编号，不含姓名和证件号码；退出登录时会通知它。",
    ongoing="在这之前，部门随时可以来取，您不必在场。",
    renews="您在 2026 年 11 月 20 日已为这件事授权。您这次同意的，整个代替那一次。",
    refusal="不同意不影响您用其他方式办理：可以到窗口提交原件。部门不会因此拒绝为您服务。",
    withdrawal="随时在“我的授权”里收回，马上生效。收回前已经取走的仍然合法。",
    rights="您可以要求查阅、更正、删除，也可以向网信部门投诉。",
    shown_hash="ab" * 32,
    trouble="",
    previewed=False,
    confirm_href="/space/confirm?onward=/space/consent/0011",
    minutes=8,
)
CARD = ConsentCard(
    grant_id=GRANT,
    department=DEPARTMENT,
    item="食品经营许可（小微餐饮）",
    purpose="申请行政许可",
    case_tail="407193K",
    badge=Badge(text="生效中", tone=Tone.GOOD),
    items=(
        GrantedItem(
            name="居民身份证",
            view="完整内容",
            fields=("姓名", "公民身份号码", "有效期止"),
            used="已调取 1 次，最多 1 次",
        ),
        GrantedItem(name="营业执照", view="只核对", fields=(), used="还没有调取过，最多 1 次"),
    ),
    given=WHEN,
    until=WHEN,
    ended=None,
    revoke_href=f"/space/consents/{GRANT}/revoke",
    pause_href=f"/space/consents/{GRANT}/pause",
    resume_href=f"/space/consents/{GRANT}/resume",
    paused=False,
    narrow_href=f"/space/consents/{GRANT}/narrow",
)
CONSENTS = ConsentsView(
    active=(CARD,),
    ended=(CARD,),
    said="授权已收回。从现在起，这个部门不能再凭它调取您的材料。",
)
REVOKE = RevokeView(card=CARD, action=CARD.revoke_href, back="/space/consents")
NARROW = NarrowView(
    card=CARD,
    items=(
        NarrowItem(
            code="ID01",
            label="居民身份证 · 完整内容",
            chosen=True,
            leave_out=(FieldBox(value="name", label="姓名"),),
        ),
        NarrowItem(code="LC01", label="营业执照 · 只核对", chosen=False, leave_out=()),
    ),
    action=CARD.narrow_href,
    back="/space/consents",
    trouble="",
)
ACCESSES = AccessesView(lines=LINES, older="/space/accesses?before=3", first_page=False)
ACCESS = AccessView(
    line=LINES[0],
    facts=(
        Fact(label="谁", value=DEPARTMENT),
        Fact(label="什么时候", value="2026年11月24日 14:20"),
        Fact(label="凭什么", value="凭您的授权"),
        Fact(label="办什么事", value="食品经营许可（小微餐饮）"),
        Fact(label="看了什么", value="居民身份证 · 完整内容\n姓名、公民身份号码、有效期止"),
    ),
    demands=DemandsView(
        lines=(
            DemandLine(
                text="您要求部门解释为什么查看，应在2026年12月10日前答复",
                badge="等待答复",
                tone=Tone.CARE,
                href="",
            ),
        ),
        ways=(DemandWay(kind="delete", label="请部门删除"),),
        complains=True,
        action=f"/space/accesses/{GRANT}/demand",
    ),
)
LEAVE = LeaveView(department=DEPARTMENT, action="/space/leave", ticket="", stay="/space")
MANDATE = MandateCard(
    mandate_id=GRANT,
    who="示例商行",
    badge=VALID,
    acts=("查看材料", "决定是否授权部门调取"),
    evidence=("营业执照 · 完整内容",),
    items=("食品经营许可（小微餐饮）",),
    until=WHEN,
    passes_on=True,
    passed_on=True,
    act_href=f"/space/acting/{GRANT}",
    narrow_href=f"/space/mandates/{GRANT}/narrow",
    end_href=f"/space/mandates/{GRANT}/end",
)
QUESTION = Ticks(
    name="evidence",
    label="哪些材料",
    groups=(("证照", (Choice(value="LC01", label="营业执照", chosen=True),)),),
)
MANDATES = MandatesView(
    received=(MANDATE,), given=(MANDATE,), ended=(MANDATE,), may_give=True, said="委托已缩小。"
)
MANDATE_GIVE = GiveMandateView(
    kinds=SIGN_IN.kinds,
    other_kinds=SIGN_IN.other_kinds,
    number="1",
    acts=QUESTION,
    evidence=QUESTION,
    views=(Choice(value="verify", label="只核对有没有、是否有效", chosen=True),),
    items=QUESTION,
    days=(Choice(value="30", label="30 天", chosen=True),),
    passes_on=True,
    weak=True,
    trouble="还没选全。",
    action="/space/mandates/give",
)
MANDATE_END = EndMandateView(card=MANDATE, gives_back=True, action=MANDATE.end_href)
MANDATE_NARROW = NarrowMandateView(
    card=MANDATE, questions=(QUESTION,), trouble="请去掉。", action=MANDATE.narrow_href
)
TROUBLE = TroubleView(
    title="没有找到这一页",
    told="可能已经过期，或者地址不完整。",
    step="回到首页",
    href="/space",
    correlation="a1b2c3d4e5f60718",
)

PASSKEYS = PasskeysView(
    lines=(
        PasskeyLine(
            name="我的手机",
            badges=(),
            kept="由您的账号在多台设备间同步",
            made=WHEN,
            used=WHEN,
            href="/space/passkeys/00112233445566778899aabbccddeeff/remove",
        ),
        PasskeyLine(
            name="抽屉里的安全密钥",
            badges=(
                Badge(text="新登记", tone=Tone.CARE),
                Badge(text="安全密钥", tone=Tone.GOOD),
            ),
            kept="只在一台设备里",
            made=WHEN,
            used=None,
            href="/space/passkeys/11112233445566778899aabbccddeeff/remove",
        ),
    ),
    add_href="/space/passkeys/add",
    attested_href="/space/passkeys/add?kind=attested",
    possible=True,
    said="",
)
MAKE_PASSKEY = MakePasskeyView(
    action="/space/passkeys/add",
    options='{"challenge": "AA", "user": {"id": "AA"}}',
    kind="",
    onward="/space/passkeys",
    name="",
    trouble="",
)
USE_PASSKEY = UsePasskeyView(
    action="/space/confirm",
    options='{"challenge": "AA"}',
    onward="/space",
    number="",
    back="/space/sign-in",
    trouble="",
)

PAGES = {
    "sign_in": ("", False, SIGN_IN),
    "code": ("", False, CODE),
    "leave": ("", True, LEAVE),
    "left": ("", False, None),
    "home": ("home", True, HOME),
    "records": ("records", True, RECORDS),
    "record": ("records", True, RECORD),
    "consent": ("", True, CONSENT),
    "consents": ("consents", True, CONSENTS),
    "revoke": ("consents", True, REVOKE),
    "resume": ("consents", True, REVOKE),
    "narrow": ("consents", True, NARROW),
    "accesses": ("accesses", True, ACCESSES),
    "access": ("accesses", True, ACCESS),
    "mandates": ("mandates", True, MANDATES),
    "mandate_give": ("mandates", True, MANDATE_GIVE),
    "mandate_end": ("mandates", True, MANDATE_END),
    "mandate_narrow": ("mandates", True, MANDATE_NARROW),
    "check": ("", True, None),
    "trouble": ("", False, TROUBLE),
    "passkeys": ("passkeys", True, PASSKEYS),
    "passkey_add": ("passkeys", True, MAKE_PASSKEY),
    "passkey_remove": ("passkeys", True, PASSKEYS.lines[0]),
    "passkey_sign_in": ("", False, USE_PASSKEY),
    "confirm": ("", True, USE_PASSKEY),
}
"""Template, tab, whether somebody is signed in, and what is shown."""
