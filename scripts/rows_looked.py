"""What ``doctor`` finds of the guarded rows: the same as ``journal verify``, without the log."""

from collections.abc import Iterator
from typing import Final

from api.consent_page import Text
from scripts.checks import Looked, State
from scripts.reading import Opened
from scripts.row_check import check_rows
from vault.journal.findings import Fault

_WHAT: Final = Text("受保护的行", "guarded rows")
_SEAL: Final = Text(
    "停止服务，运行 myspace journal seal", "Stop the server, then run: myspace journal seal"
)
_VERIFY: Final = Text(
    "停止服务，保留现状，运行 myspace journal verify",
    "Stop the server, keep everything as it is, and run: myspace journal verify",
)


def guarded_rows_hold(opened: Opened) -> Iterator[Looked]:
    """Look at the hash of every guarded row, and at every state row."""
    found = list(check_rows(opened))
    if not found:
        yield Looked(what=_WHAT, state=State.GOOD, seen=Text("全部相符", "all as written"))
    elif found[0].fault is Fault.ROWS_UNSEALED:
        seen = Text("还没有校验值", "not sealed yet")
        yield Looked(what=_WHAT, state=State.BAD, seen=seen, step=_SEAL)
    else:
        seen = Text(
            f"{len(found)} 处不符，如 {found[0].what}", f"{len(found)} faults; {found[0].what}"
        )
        yield Looked(what=_WHAT, state=State.BAD, seen=seen, step=_VERIFY)
