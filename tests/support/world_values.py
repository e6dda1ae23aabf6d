"""Who is in the vault of ``tests.support.world``, and what they say; nobody of them exists."""

import json
from dataclasses import replace
from typing import Any, Final

from policies.scopes import View
from tests.support.jws import Signer, ec_signer
from vault.clients import Client, ClientStatus, Profile
from vault.departments import Department, DepartmentStatus
from vault.identifiers.synthetic import synthetic_resident_id, synthetic_uscc
from vault.ids import ClientId, DepartmentId

HOUR: Final = 3600
ITEM: Final = "11110105PDY001012C4000131020100"
"""Food business licence: ID01 full, LC01 full, LC04 or MT04, SR05."""

PURPOSE: Final = "licence_application"
POLICE: Final = "police"
MARKET: Final = "market"
SCHOOL: Final = "school"
CODES: Final = {
    POLICE: "11110105PDY0010207",
    MARKET: "11110105PDY001012C",
    SCHOOL: "11110105PDY001047Y",
}
ISSUES: Final = {
    POLICE: frozenset({"ID01", "ID02", "ID07", "LC04", "MT04", "SR05"}),
    MARKET: frozenset({"LC01", "LC09", "CR02", "MT04"}),
    SCHOOL: frozenset({"LC13", "ID01"}),
}
ASKS: Final = {
    "ID01": View.FULL,
    "LC01": View.FULL,
    "LC04": View.SUMMARY,
    "MT04": View.FULL,
    "SR05": View.VERIFY,
}
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "ID01": {
        "name": "示例甲",
        "sex": "女",
        "ethnicity": "示范族",
        "birth_date": "1900-01-01",
        "domicile_address": "示范省示范市示范区示范路1号",
        "id_number": synthetic_resident_id(1),
        "issuing_authority": "示范区公安分局（模拟）",
        "valid_from": "2020-01-01",
        "valid_to": "2040-01-01",
    },
    "LC01": {
        "uscc": synthetic_uscc(1),
        "name": "示例商行",
        "entity_type": "个体工商户",
        "legal_representative": "示例甲",
        "established_date": "2020-01-01",
        "business_scope": "食品销售",
        "address": "示范省示范市示范区示范路2号",
        "registration_authority": "示范区市场监督管理局（模拟）",
        "registration_status": "存续",
        "approval_date": "2020-01-02",
    },
    "LC04": {
        "certificate_no": "示范不动产权第0001号",
        "serial_no": "0001",
        "right_holder": "示例甲",
        "right_holder_id_type": "居民身份证",
        "right_holder_id_no": synthetic_resident_id(1),
        "location": "示范省示范市示范区示范路3号",
        "unit_number": "110110000000GB00001F00000001",
        "right_type": "国有建设用地使用权",
        "right_nature": "出让",
        "usage": "商业",
        "area": "80.5",
        "issue_date": "2020-01-03",
    },
    "MT04": {
        "address": "示范省示范市示范区示范路4号",
        "owner_name": "示例乙",
        "lessee_name": "示例甲",
        "area": "60",
        "usage": "餐饮",
        "lease_from": "2026-01-01",
        "lease_to": "2027-01-01",
        "file_hash": "0" * 64,
    },
    "SR05": {
        "certificate_no": "示范0001",
        "name": "示例甲",
        "id_number": synthetic_resident_id(1),
        "query_from": "2020-01-01",
        "query_to": "2026-01-01",
        "result": "无",
        "purpose": "办理许可",
        "issue_date": "2026-01-05",
        "authority": "示范区公安分局（模拟）",
    },
    "CR02": {
        "counterpart_name": "示例商行",
        "counterpart_category": "法人",
        "document_name": "许可决定书",
        "document_no": "示范许〔2026〕1号",
        "license_category": "普通",
        "content": "食品经营",
        "decision_date": "2026-01-04",
        "valid_from": "2026-01-04",
        "authority": "示范区市场监督管理局（模拟）",
        "authority_uscc": synthetic_uscc(2),
        "current_status": "有效",
        "source_unit": "示范区市场监督管理局（模拟）",
        "source_unit_uscc": synthetic_uscc(2),
    },
}
GRANTED: Final = {
    "ID01": ("name", "id_number", "valid_to"),
    "LC01": ("uscc", "name"),
    "LC04": ("location", "usage"),
    "MT04": ("address", "usage"),
}


def a_town_department(department: str, department_id: DepartmentId) -> Department:
    """Return a department as it is registered."""
    return Department(
        department_id=department_id,
        code=CODES[department],
        name_zh=f"示范区{department}（模拟）",
        name_en=f"Demo District {department} (simulated)",
        contact="service@example.org",
        privacy_officer="privacy@example.org",
        status=DepartmentStatus.ACTIVE,
        version=1,
    )


def a_town_client(department: str, department_id: DepartmentId, **changes: Any) -> Client:  # noqa: ANN401 - any column
    """Return a department's system as it is registered; only the market department asks."""
    plain = Client(
        client_id=ClientId(f"{department}-system"),
        department_id=department_id,
        name_zh="系统",
        name_en="System",
        profile=Profile.FAPI2,
        status=ClientStatus.ACTIVE,
        jwks=json.dumps({"keys": [KEY.jwk | {"kid": "k1"}]}),
        redirect_uris=("https://client.example.org/cb",),
        grant_types=frozenset({"authorization_code", "client_credentials"}),
        scopes=frozenset({"records:write", "cases:write"}),
        evidence=ASKS if department == MARKET else {},
        issue_codes=ISSUES[department],
        service_items=frozenset({ITEM}) if department == MARKET else frozenset(),
        version=1,
    )
    return replace(plain, **changes)


KEY: Final[Signer] = ec_signer()
