"""``python -m scripts.generate [--check]``: what in the documentation follows from the code.

Without ``--check`` the files are written; with it nothing is, and every file that differs is
named. The rules that no file holds (one head of the migrations, lock files that name what is
asked for and no address) are checked either way.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from api.app import create_app
from api.settings import KeySettings, Settings
from scripts.generated_tables import catalogue_page, crypto_inventory, reasons_page
from storage.migrate import heads

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = {
    "requirements.lock": ("requirements.in",),
    "requirements-local.lock": ("requirements.in", "requirements-local.in"),
    "requirements-dev.lock": (
        "requirements.in",
        "requirements-local.in",
        "requirements-dev.in",
    ),
}

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def main() -> int:
    """Write or check; return 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.generate")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    only_check: bool = parser.parse_args().check
    faults = [*rules(ROOT), *(differing(ROOT) if only_check else ())]
    if not only_check:
        for name, text in documents().items():
            (ROOT / name).write_text(text, "utf-8")
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return int(bool(faults))


def documents() -> Mapping[str, str]:
    """Return the text of every generated file, by its path."""
    return {
        "docs/api/openapi.json": openapi(),
        "docs/api/reasons.md": reasons_page(),
        "docs/catalogue.md": catalogue_page(),
        "docs/formats/crypto_inventory.json": crypto_inventory(),
    }


def openapi() -> str:
    """Return the OpenAPI document of the application, as it is served."""
    settings = Settings(
        data=Path("data"),
        state=Path("state"),
        issuer="https://vault.example.org",
        keys=KeySettings(root_key_file=Path("root.key")),
    )
    plain = create_app(settings).openapi()
    return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def differing(root: Path) -> Iterator[str]:
    """Yield a sentence for each generated file that is not what it should be."""
    for name, text in documents().items():
        path = root / name
        if not path.is_file() or path.read_text("utf-8") != text:
            yield f"{name} 与代码不符 · {name} differs; run python -m scripts.generate"


def rules(root: Path) -> Iterator[str]:
    """Yield a sentence for each rule about migrations and lock files that is broken."""
    if len(heads()) != 1:
        yield f"迁移应只有一个头 · the migrations have not one head: {', '.join(heads())}"
    for lock, sources in LOCKS.items():
        text = (root / lock).read_text("utf-8")
        if "://" in text:
            yield f"{lock} 含有地址 · {lock} names an address"
        locked = {_plain(line) for line in text.splitlines() if "==" in line}
        asked = {name for source in sources for name in _asked(root / source)}
        for name in sorted(asked - locked):
            yield f"{lock} 缺少 {name} · {lock} lacks {name}"


def _asked(path: Path) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines():
        if line[:1].isalnum():
            yield _plain(line)


def _plain(line: str) -> str:
    """Return the name at the start of a line, written as PEP 503 has it."""
    found = _NAME.match(line)
    return "" if found is None else re.sub(r"[-_.]+", "-", found[0]).lower()


if __name__ == "__main__":
    sys.exit(main())
