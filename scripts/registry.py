"""The operator's registry: a key of its own, and the software statements that it signs.

It needs no server and no data: it may stand on a machine that has no network.
"""

import json
import os
import stat
from pathlib import Path
from typing import Any, Final, Literal

from jwskate import Jwk, Jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scripts.outcomes import Exit, OperatorError, unusable
from scripts.private_files import read_private, write_private
from vault.clients import Profile
from vault.clients.statements import LONGEST_SECONDS, read_statement
from vault.errors import InvalidInputError

DAY_SECONDS: Final = 24 * 3600
MOST_DAYS: Final = LONGEST_SECONDS // DAY_SECONDS
JTI_BYTES: Final = 16
PRIVATE: Final = stat.S_IRWXG | stat.S_IRWXO


class RegistryKey(BaseModel):
    """What the key file holds.

    Attributes:
        issuer: ``iss`` of the statements.
        key: Private JSON Web Key (ES256).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(min_length=1, max_length=200)
    key: dict[str, Any] = Field(repr=False)

    def public_jwks(self) -> str:
        """Return the public part, as the server is configured with it."""
        public = Jwk(dict(self.key)).public_jwk().to_dict()
        return json.dumps({"keys": [public]}, separators=(",", ":"), sort_keys=True)


class StatementFile(BaseModel):
    """What a statement shall vouch for; strict, so that a typo is refused, not passed over.

    Attributes:
        department: Unified social credit code.
        profiles: Those that the client may choose from.
        evidence: Evidence code to the highest view.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    department: str
    name_zh: str
    name_en: str
    software_id: str
    software_version: str
    profiles: list[Profile]
    scopes: list[str] = []
    evidence: dict[str, Literal["verify", "summary", "full"]] = {}
    issue_codes: list[str] = []
    service_items: list[str] = []

    @classmethod
    def read(cls, text: str) -> "StatementFile":
        """Return the file's content.

        Raises:
            OperatorError: It is malformed; the sentence names the members, not their values.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            names = {".".join(map(str, one["loc"])) or "JSON" for one in error.errors()}
            raise _faulty(", ".join(sorted(names))) from error

    def claims(self) -> dict[str, object]:
        """Return the claims that the file decides."""
        return {
            "department": self.department,
            "client_name#zh-CN": self.name_zh,
            "client_name#en": self.name_en,
            "software_id": self.software_id,
            "software_version": self.software_version,
            "profiles": [profile.value for profile in self.profiles],
            "scope": " ".join(self.scopes),
            "evidence": dict(self.evidence),
            "issue_codes": self.issue_codes,
            "service_items": self.service_items,
        }


def draw_registry_key(path: Path, *, issuer: str) -> RegistryKey:
    """Draw a key and write it to a new file of mode 0600.

    Raises:
        OperatorError: There is such a file, or it cannot be written.
    """
    drawn = RegistryKey(
        issuer=issuer, key=Jwk.generate(alg="ES256").with_kid_thumbprint().to_dict()
    )
    try:
        write_private(path.absolute(), drawn.model_dump_json(indent=1).encode())
    except FileExistsError as error:
        raise OperatorError(
            f"{path} 已经存在，密钥从不覆盖。请换一个文件名。",
            f"{path} is there already, and a key is never overwritten. Name another file.",
            code=Exit.DATA,
        ) from error
    except OSError as error:
        raise unusable(path) from error
    return drawn


def read_registry_key(path: Path) -> RegistryKey:
    """Return the key in a file that nobody else may read.

    Raises:
        OperatorError: There is none, others may read it, or it is no such file.
    """
    try:
        if path.stat().st_mode & PRIVATE:
            raise OperatorError(
                f"{path} 别人也能读。请先 chmod 600，再确认密钥没有外泄。",
                f"Others may read {path}. Make it mode 0600, and be sure that nobody has.",
                code=Exit.CONFIGURATION,
            )
        return RegistryKey.model_validate_json(read_private(path))
    except (OSError, ValidationError) as error:
        raise OperatorError(
            f"{path} 不是登记机构的密钥文件。请用 myspace client registry 生成。",
            f"{path} is no key file of a registry. Make one with: myspace client registry",
            code=Exit.DATA,
        ) from error


def sign_statement(
    file: StatementFile, *, key: RegistryKey, server: str, days: int, now: int
) -> str:
    """Return a software statement (RFC 7591 s. 2.3), checked as the server will check it.

    Args:
        file: What it vouches for.
        key: The registry's.
        server: Origin of the deployment that it is for.
        days: How long it may be used.
        now: UTC seconds.

    Raises:
        OperatorError: A server would not take it; the sentence names the member.
    """
    claims = file.claims() | {
        "iss": key.issuer,
        "aud": server,
        "iat": now,
        "exp": now + days * DAY_SECONDS,
        "jti": os.urandom(JTI_BYTES).hex(),
    }
    try:
        read_statement(claims, issuer=key.issuer, audience=server, now=now)
    except InvalidInputError as error:
        raise _faulty(error.field) from error
    return str(Jwt.sign(claims, Jwk(dict(key.key)), alg="ES256", typ="JWT"))


def _faulty(where: str) -> OperatorError:
    return OperatorError(
        f"声明文件有误：{where}。请改正后重新签名。",
        f"The file for the statement has faults: {where}. Correct them and sign again.",
        code=Exit.DATA,
    )
