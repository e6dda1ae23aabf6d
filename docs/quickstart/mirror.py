"""Copy a public log into a folder, with the standard library alone: mirror.py ADDRESS FOLDER.

Run it again to fetch what is new: what is full never changes and is not fetched twice. The
checkpoint is written last, so that the folder always holds what its checkpoint speaks of.
"""

import sys
import urllib.request
from pathlib import Path

WIDTH = 256


def name_of(level: int | str, number: int, width: int) -> str:
    """Return the path of a tile (C2SP tlog-tiles), such as ``tile/0/x001/234.p/17``."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{one}" for one in groups[:-1]), groups[-1]])
    return f"tile/{level}/{path}" + (f".p/{width}" if width < WIDTH else "")


def fetch(address: str, name: str) -> bytes:
    """Return what the log has under ``name``."""
    with urllib.request.urlopen(f"{address}/{name}", timeout=30) as answer:  # noqa: S310 - as told
        return bytes(answer.read())


def main(address: str, folder: Path) -> None:
    """Bring ``folder`` up to the log's checkpoint of now."""
    note = fetch(address, "checkpoint")
    size = int(note.split(b"\n")[1])
    for level in ("entries", 0, 1, 2, 3, 4, 5):
        hashes = size >> 8 * (0 if level == "entries" else int(level))
        for start in range(0, hashes, WIDTH):
            name = name_of(level, start // WIDTH, min(WIDTH, hashes - start))
            file = folder / name
            if not file.exists():
                data = fetch(address, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                part = file.with_name(file.name + "~")
                part.write_bytes(data)
                part.replace(file)  # So that a file that is there is whole.
    (folder / "checkpoint").write_bytes(note)
    print(f"{size} entries in {folder}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
