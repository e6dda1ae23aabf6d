"""Pages and lists that follow from the policy data and from the registry of algorithms."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from policies.catalogue import EvidenceType, catalogue
from policies.items import items
from policies.purposes import purposes
from policies.reasons import reasons
from vault.clients.keys import ALGORITHMS, RSA_BITS
from vault.crypto.providers import DEFAULT_N
from vault.crypto.suites import Suite

NOTICE: Final = "由 `python -m scripts.generate` 生成，请勿手工修改 · generated, not written."

TOLD: Final = (
    "问题文档的 `reasons` 里是这些标识；标为“不告知”的一律回答 404 · "
    "The member `reasons` of a problem document holds these ids; "
    "one that is concealed is answered as 404."
)

LEVELS: Final = {
    1: "公开 · public",
    2: "受限 · conditional",
    3: "个人 · personal",
    4: "敏感 · sensitive",
}


def catalogue_page() -> str:
    """Return the catalogue of evidence, items and purposes as a page."""
    kinds = catalogue().values()
    parts = [
        "# 材料目录 · Evidence catalogue",
        NOTICE,
        "## 材料类型 · Evidence types",
        _table(
            ("代码 code", "名称 name", "范围 scope", "级别 level", "视图 views", "提供 offered"),
            (_kind_cells(kind) for kind in kinds),
        ),
        "## 字段 · Fields",
        _table(
            (
                "代码 code",
                "字段 field",
                "名称 name",
                "类型 kind",
                "遮盖 mask",
                "签发必填 required",
            ),
            (cells for kind in kinds for cells in _field_cells(kind)),
        ),
        "## 事项 · Service items",
        _table(
            ("代码 code", "名称 name", "部门 department", "材料（视图） evidence (view)"),
            (
                (
                    f"`{item.code}`",
                    f"{item.name_zh} · {item.name_en}",
                    f"`{item.department}`",
                    ", ".join(
                        f"{n.evidence} ({n.view.label})" for n in item.requirements.values()
                    ),
                )
                for item in items().values()
            ),
        ),
        "## 目的 · Purposes",
        _table(
            ("代码 code", "名称 name"),
            ((f"`{code}`", f"{one.zh} · {one.en}") for code, one in purposes().items()),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def reasons_page() -> str:
    """Return what is said about each reason of a refusal as a page."""
    parts = [
        "# 拒绝的理由 · Reasons of refusals",
        NOTICE,
        TOLD,
        _table(
            ("标识 id", "中文", "English", "不告知 concealed"),
            (
                (f"`{one.id}`", one.zh, one.en, "✓" if one.concealed else "")
                for one in reasons().values()
            ),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def crypto_inventory() -> str:
    """Return every algorithm with its key size and where it is used, as JSON."""
    sealed = "payloads, files, wrapped keys, journal payloads, short-lived rows"
    found: list[dict[str, Any]] = []
    for suite in Suite:
        found += [
            _use(
                suite.aead_name.decode(),
                8 * suite.key_bytes,
                where=f"suite {int(suite)}: {sealed}",
            ),
            _use(
                f"HKDF-Expand-{_HKDF[suite]}",
                8 * suite.key_bytes,
                where=f"suite {int(suite)}: keys from keys",
            ),
            _use(
                f"HMAC-{_MAC[suite]}",
                8 * suite.key_bytes,
                where=f"suite {int(suite)}: token hashes, number index, tags",
            ),
        ]
    found += [
        _use("SHA-256", 256, where="journal tree (RFC 6962), policy bundle, decision inputs"),
        _use("Ed25519", 256, where="checkpoints of the journal, cosignatures of witnesses"),
        _use("ML-DSA-44", 1312 * 8, where="checkpoints of the journal, second line"),
        _use("scrypt", 256, where=f"root key from a passphrase, N = {DEFAULT_N}, r = 8, p = 1"),
        _use("ES256", 256, where=_JOSE),
        *(
            _use(name, 256 if kind == "OKP" else RSA_BITS.start, where=_JOSE)
            for kind, names in sorted(ALGORITHMS.items())
            for name in sorted(names - {"ES256"})
        ),
    ]
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


_HKDF: Final = {Suite.AES_256_GCM: "SHA-512", Suite.SM4_GCM: "SM3"}
_MAC: Final = {Suite.AES_256_GCM: "SHA-256", Suite.SM4_GCM: "SM3"}
_JOSE: Final = "client assertions and DPoP proofs of the clients' keys; our own signed JWTs"


def _use(algorithm: str, bits: int, *, where: str) -> dict[str, Any]:
    """Return one line; ``until`` is null while no end of use is set."""
    return {"algorithm": algorithm, "key_bits": bits, "until": None, "where": where}


def _kind_cells(kind: EvidenceType) -> Sequence[str]:
    return (
        kind.code,
        f"{kind.name_zh} · {kind.name_en}",
        f"`ev:{kind.group}:{kind.slug}`",
        f"{kind.level} {LEVELS[kind.level]}",
        ", ".join(view.label for view in sorted(kind.views)),
        "✓" if kind.offered else "",
    )


def _field_cells(kind: EvidenceType) -> Iterable[Sequence[str]]:
    for field in kind.fields.values():
        yield (
            kind.code,
            f"`{field.name}`",
            f"{field.zh} · {field.en}",
            field.kind.value,
            field.mask,
            "✓" if field.required else "",
        )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
