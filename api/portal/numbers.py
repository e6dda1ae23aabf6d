"""Numbers that somebody signs in with: what each kind is called, and what to mend in one."""

from collections.abc import Mapping
from typing import Final

from api.portal.language import Language
from api.portal.views import Choice
from api.portal.words import mark
from vault.errors import InvalidInputError
from vault.identifiers import SENTENCES, IdentifierError, IdentifierKind, Reason

OTHER: Final = "other"
"""In place of a kind: the second question says which."""

_FIRST: Final[Mapping[str, str]] = {
    IdentifierKind.RESIDENT_ID: mark("居民身份证号（个人）"),
    IdentifierKind.USCC: mark("统一社会信用代码（企业、单位）"),
    OTHER: mark("其他证件"),
}
_OTHERS: Final[Mapping[str, str]] = {
    IdentifierKind.HKMT_RESIDENCE_PERMIT: mark("港澳台居民居住证"),
    IdentifierKind.FOREIGN_PERMANENT_RESIDENT: mark("外国人永久居留身份证（五星卡）"),
    IdentifierKind.PASSPORT_CN: mark("中国护照"),
    IdentifierKind.RESIDENT_ID_LEGACY: mark("第一代身份证（15 位）"),
    IdentifierKind.ORGANISATION_CODE: mark("组织机构代码（9 位，旧）"),
}
_LENGTHS: Final[Mapping[str, int]] = {
    IdentifierKind.RESIDENT_ID: 18,
    IdentifierKind.USCC: 18,
    IdentifierKind.HKMT_RESIDENCE_PERMIT: 18,
    IdentifierKind.FOREIGN_PERMANENT_RESIDENT: 18,
    IdentifierKind.PASSPORT_CN: 9,
    IdentifierKind.RESIDENT_ID_LEGACY: 15,
    IdentifierKind.ORGANISATION_CODE: 9,
}
_ADVICE: Final[Mapping[Reason, str]] = {
    Reason.CHARSET: mark(
        "号码里有不该有的字符。只用数字和大写字母；请看看有没有把 0 写成 O、把 1 写成 I。"
    ),
    Reason.CHECK: mark("号码对不上，多半是有一位抄错了。请照证件从头核对一遍。"),
    Reason.DATE: mark("第 7 到 14 位是出生年月日，现在这一天并不存在。请核对这几位。"),
    Reason.FUTURE: mark("第 7 到 14 位是出生年月日，现在这一天还没到。请核对这几位。"),
    Reason.REGION: mark("号码里的地区代码不存在。请核对前面几位。"),
    Reason.SEQUENCE: mark("第 15 到 17 位不会是 000。请核对这几位。"),
    Reason.PREFIX: mark("开头的几位和这种证件不符。请核对号码，或者换一种证件。"),
    Reason.NATIONALITY: mark("第 4 到 6 位的国籍代码不存在。请核对这几位。"),
    Reason.DEPT: mark("第 1 位的登记管理部门代码不存在。请核对第 1 位。"),
    Reason.CATEGORY: mark("第 2 位的机构类别和第 1 位不配。请核对前两位。"),
    Reason.ORGCODE: mark("第 9 到 17 位的主体标识码对不上，多半是有一位抄错了。请核对这几位。"),
    Reason.ALLZERO: mark("号码不会全是零。请照证件填写。"),
    Reason.CENTENARIAN_AMBIGUOUS: mark(
        "这个 15 位号码看不出是哪个世纪出生的。请改用 18 位身份证号。"
    ),
}


def kinds(chosen: str, language: Language) -> tuple[Choice, ...]:
    """Return the first question; ``chosen`` is a kind, whichever question it belongs to."""
    first = chosen if chosen in _FIRST else OTHER
    return _choices(_FIRST, first, language)


def other_kinds(chosen: str, language: Language) -> tuple[Choice, ...]:
    """Return the second question."""
    return _choices(_OTHERS, chosen, language)


def advice(error: InvalidInputError, *, kind: str, typed: str, language: Language) -> str:
    """Return what to mend in a number.

    Args:
        error: Why it was refused.
        kind: Kind that was chosen.
        typed: The number as it was checked; only its length is told.
        language: Of the reader.
    """
    if not isinstance(error, IdentifierError):
        return language.say("请先选好是哪种号码。")
    if error.reason is Reason.LENGTH and kind in _LENGTHS:
        return language.say(
            "这种号码是 %(wanted)s 位，您填了 %(typed)s 位。",
            wanted=_LENGTHS[IdentifierKind(kind)],
            typed=len(typed),
        )
    source = _ADVICE.get(error.reason)
    if source is not None:
        return language.say(source)
    zh, en = SENTENCES[error.reason]
    return language.pick(f"{zh}。", f"{en[:1].upper()}{en[1:]}.")


def _choices(names: Mapping[str, str], chosen: str, language: Language) -> tuple[Choice, ...]:
    return tuple(
        Choice(value=str(value), label=language.say(name), chosen=value == chosen)
        for value, name in names.items()
    )
