"""Kinds of numbers, and why one is refused (domain.md 1.3)."""

from enum import StrEnum
from typing import Final

from vault.errors import InvalidInputError


class IdentifierKind(StrEnum):
    """Kind of a number. It always travels beside the value: it is never guessed from it."""

    RESIDENT_ID = "resident_id_18"
    RESIDENT_ID_LEGACY = "resident_id_15_legacy"
    HKMT_RESIDENCE_PERMIT = "hkmt_residence_permit"
    FOREIGN_PERMANENT_RESIDENT = "foreign_permanent_resident_2023"
    ORGANISATION_CODE = "organisation_code"
    USCC = "uscc"
    PASSPORT_CN = "passport_cn"
    MOBILE_CN = "mobile_cn"
    ELECTRONIC_LICENCE_ID = "electronic_licence_id"
    IMPLEMENTATION_CODE = "implementation_code"


PERSON_KINDS: Final = (
    IdentifierKind.RESIDENT_ID,
    IdentifierKind.HKMT_RESIDENCE_PERMIT,
    IdentifierKind.FOREIGN_PERMANENT_RESIDENT,
    IdentifierKind.PASSPORT_CN,
)
"""Kinds that name a person whose space it can be."""

ORGANISATION_KINDS: Final = (IdentifierKind.USCC, IdentifierKind.ORGANISATION_CODE)
"""Kinds that name an organisation whose space it can be."""


class Reason(StrEnum):
    """The first check that fails. The codes are those of the published vectors."""

    LENGTH = "LENGTH"
    CHARSET = "CHARSET"
    CHECK = "CHECK"
    DATE = "DATE"
    FUTURE = "FUTURE"
    REGION = "REGION"
    SEQUENCE = "SEQUENCE"
    PREFIX = "PREFIX"
    NATIONALITY = "NATIONALITY"
    DEPT = "DEPT"
    CATEGORY = "CATEGORY"
    ORGCODE = "ORGCODE"
    ALLZERO = "ALLZERO"
    CENTENARIAN_AMBIGUOUS = "CENTENARIAN_AMBIGUOUS"
    STRUCTURE = "STRUCTURE"
    TYPE = "TYPE"
    TYPE_AUTHORITY = "TYPE_AUTHORITY"
    ISSUER = "ISSUER"
    SERIAL = "SERIAL"
    VERSION = "VERSION"
    AUTHORITY = "AUTHORITY"
    LEVEL = "LEVEL"
    ITEMTYPE = "ITEMTYPE"


SENTENCES: Final[dict[Reason, tuple[str, str]]] = {
    Reason.LENGTH: ("号码位数不对", "the number has the wrong length"),
    Reason.CHARSET: ("号码含有不允许的字符", "the number has a character that is not allowed"),
    Reason.CHECK: ("校验位不符，请核对号码", "the check character does not fit: check the number"),
    Reason.DATE: ("号码中的日期不存在", "the date inside the number does not exist"),
    Reason.FUTURE: ("号码中的日期晚于今天", "the date inside the number lies in the future"),
    Reason.REGION: ("号码中的行政区划不对", "the region inside the number is impossible"),
    Reason.SEQUENCE: ("顺序码不能为 000", "the sequence inside the number is 000"),
    Reason.PREFIX: ("号码开头不对", "the number starts wrongly"),
    Reason.NATIONALITY: ("国籍代码不对", "the nationality inside the number is not known"),
    Reason.DEPT: ("登记管理部门代码不对", "the registering department is not known"),
    Reason.CATEGORY: ("机构类别代码不对", "the category does not fit the department"),
    Reason.ORGCODE: ("主体标识码校验不符", "the organisation code inside fails its own check"),
    Reason.ALLZERO: ("号码不能全为零", "the number is all zeros"),
    Reason.CENTENARIAN_AMBIGUOUS: ("无法判断出生世纪", "the century of birth cannot be told"),
    Reason.STRUCTURE: ("标识的组成不对", "the identifier has the wrong parts"),
    Reason.TYPE: ("证照类型代码不对", "the licence type code is malformed"),
    Reason.TYPE_AUTHORITY: ("证照类型定义机构不对", "the type's authority is not an organisation"),
    Reason.ISSUER: ("颁发机构代码不对", "the issuer is not an organisation"),
    Reason.SERIAL: ("流水号不对", "the serial is malformed"),
    Reason.VERSION: ("版本号不对", "the version is not 001 to 999"),
    Reason.AUTHORITY: ("实施主体代码不对", "the authority is not an organisation"),
    Reason.LEVEL: ("行使层级不对", "the level is not 1 to 7"),
    Reason.ITEMTYPE: ("事项类型不对", "the item type is not known"),
}
"""What a person is told, zh and en; the value is never repeated."""


class IdentifierError(InvalidInputError):
    """A number is refused.

    Attributes:
        reason: The first check that failed.
    """

    def __init__(self, reason: Reason) -> None:
        """Keep the ``reason``; the message is its English sentence."""
        super().__init__(SENTENCES[reason][1], field="value")
        self.reason = reason
