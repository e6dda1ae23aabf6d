"""The systems of the synthetic departments: what each may do, and the keys it proves itself with.

Rights follow from the policy data: a department asks what its own items need, and deposits
what it issues. Private keys are drawn at first start and lie in one file, mode 0600, that the
story reads; a real department would never hand its key to anybody.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from jwskate import Jwk

from policies.catalogue import evidence_type
from policies.departments import KnownDepartment, departments
from policies.items import items
from policies.scopes import REGISTRY_SCOPES, View
from scripts.outcomes import Exit, OperatorError
from scripts.private_files import read_private, write_private
from vault.clients import Profile
from vault.clients.profiles import AUTHORIZATION_CODE, CLIENT_CREDENTIALS

FILE_NAME: Final = "clients.json"
REDIRECT: Final = "http://127.0.0.1:8799/callback"
"""Where a department's own system would wait; nothing listens there in the demonstration."""

FAPI2_LEVEL: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the system of one department may do."""

    evidence: Mapping[str, View]
    issue_codes: frozenset[str]
    service_items: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoClient:
    """A synthetic department's system.

    Attributes:
        department: Code of its department.
        key: Private JSON Web Key (ES256).
    """

    client_id: str
    department: str
    key: Mapping[str, Any] = field(repr=False)

    @property
    def public_jwks(self) -> str:
        """The public part, as it is registered."""
        public = Jwk(dict(self.key)).public_jwk().to_dict()
        return json.dumps({"keys": [public]}, separators=(",", ":"), sort_keys=True)


@cache
def rights_of(code: str, *, level: int = FAPI2_LEVEL) -> Rights:
    """Return the rights that follow from the policy data for the department ``code``.

    Args:
        code: Unified social credit code.
        level: Highest sensitivity that the profile may ask for.
    """
    own = [item for item in items().values() if item.department == code]
    wanted: dict[str, View] = {}
    for item in own:
        for need in item.requirements.values():
            kind = evidence_type(need.evidence)
            if kind.offered and kind.level <= level:
                wanted[need.evidence] = max(need.view, wanted.get(need.evidence, need.view))
    issued = departments()[code].issues
    return Rights(
        evidence=wanted,
        issue_codes=frozenset(one for one in issued if evidence_type(one).offered),
        service_items=frozenset(item.code for item in own),
    )


def registration(client: DemoClient) -> dict[str, Any]:
    """Return the registration of ``client``, as ``client register`` reads it."""
    known, rights = departments()[client.department], rights_of(client.department)
    flows = [CLIENT_CREDENTIALS, *([AUTHORIZATION_CODE] if rights.service_items else [])]
    return {
        "client_id": client.client_id,
        "department": client.department,
        "name_zh": f"{known.zh}业务系统",
        "name_en": f"{known.en}: business system",
        "profile": Profile.FAPI2.value,
        "jwks": json.loads(client.public_jwks),
        "redirect_uris": [REDIRECT] if rights.service_items else [],
        "grant_types": flows,
        "scopes": sorted(REGISTRY_SCOPES),
        "evidence": {code: view.label for code, view in sorted(rights.evidence.items())},
        "issue_codes": sorted(rights.issue_codes),
        "service_items": sorted(rights.service_items),
    }


def draw_clients(folder: Path) -> tuple[DemoClient, ...]:
    """Draw keys for the system of each department and write them down; keep those there are."""
    path = folder / FILE_NAME
    if not path.exists():
        drawn = [_drawn(known) for known in departments().values()]
        plain = {c.client_id: {"department": c.department, "key": dict(c.key)} for c in drawn}
        write_private(path, json.dumps(plain, indent=1).encode())
    return tuple(read_clients(folder).values())


def read_clients(folder: Path) -> dict[str, DemoClient]:
    """Return the synthetic systems by their department.

    Raises:
        OperatorError: There is no such file, or it is not ours.
    """
    try:
        plain = json.loads(read_private(folder / FILE_NAME))
        found = [
            DemoClient(client_id=name, department=one["department"], key=one["key"])
            for name, one in plain.items()
        ]
    except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        raise OperatorError(
            "这个数据文件夹里没有演示用的部门密钥。请先用 ./scripts/serve 启动，再运行演示；"
            "启动时用了 --data，这里也要用。",
            "This data folder has no keys of the synthetic departments. Start ./scripts/serve "
            "first, then run the demo; if it was started with --data, give the same here.",
            code=Exit.CONFIGURATION,
        ) from error
    return {one.department: one for one in found}


def _drawn(known: KnownDepartment) -> DemoClient:
    key = Jwk.generate(alg="ES256").with_kid_thumbprint()
    name = f"demo-{known.code[11:17].lower()}"
    return DemoClient(client_id=name, department=known.code, key=key.to_dict())
