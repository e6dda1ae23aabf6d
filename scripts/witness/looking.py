"""What ``doctor`` says of the witnesses of the log: how far each has signed, and when."""

from collections.abc import Iterator
from typing import Final

from api.consent_page import Text
from api.watching import read_policy
from scripts.checks import NOTHING, Looked, State
from scripts.reading import LogName, Opened
from vault.clock import MS
from vault.errors import InvalidInputError
from vault.journal.trust import Policy
from vault.ports.witnesses import QUORUM, WitnessState

LATE_SECONDS: Final = 60
"""Rounds are made every ten seconds while a server runs."""

_WITNESSES: Final = Text("见证", "witnesses")
_NOT_ASKED: Final = Text(
    "没有指定见证方：设置 MYSPACE_WITNESSES__POLICY_FILE，见 docs/operations/witness.md",
    "Name some with MYSPACE_WITNESSES__POLICY_FILE, see docs/operations/witness.en.md",
)
_LOOK: Final = Text(
    "检查这个见证方的服务和地址；达不到法定数时，需见证的材料不会放行",
    "Look after this witness and its address: without a quorum, nothing leaves that must be "
    "witnessed",
)


def witnesses(opened: Opened, *, now_ms: int) -> Iterator[Looked]:
    """Each witness of the policy signs, and a quorum of them has signed the newest entries."""
    asked = opened.settings.witnesses
    if asked is None:
        yield Looked(what=_WITNESSES, state=State.CARE, seen=Text("无", "none"), step=_NOT_ASKED)
        return
    try:
        policy = read_policy(
            asked.policy_file, logs=[opened.verifier(log.origin) for log in opened.logs]
        )
    except InvalidInputError as error:
        yield Looked(
            what=_WITNESSES,
            state=State.BAD,
            seen=Text("策略文件不能使用", str(error)),
            step=Text("改正文件或设置：服务无法启动", "Mend the file or the setting: no start"),
        )
        return
    for log in opened.logs:
        known = {one.witness: one for one in opened.tx.witnesses.of_log(log.log_id)}
        yield from _of_log(log, known, policy=policy, now_ms=now_ms)


def _of_log(
    log: LogName, known: dict[str, WitnessState], *, policy: Policy, now_ms: int
) -> Iterator[Looked]:
    nothing = WitnessState(witness="", size=0, note="", at_ms=0)
    for name in (*policy.witnesses, QUORUM):
        one = known.get(name, nothing)
        called = Text(f"见证 {name}", f"witness {name}") if name else Text("法定数", "quorum")
        seconds = (now_ms - one.at_ms) // MS
        trouble = f" · {one.trouble}" if one.trouble else ""
        good = not one.trouble and one.at_ms and (seconds <= LATE_SECONDS or one.size == log.size)
        when = f"{seconds} s" if one.at_ms else "—"
        yield Looked(
            what=called,
            state=State.GOOD if good else State.CARE,
            seen=Text(
                f"{log.origin}：已签 {one.size}/{log.size} 条，{when} 前{trouble}",
                f"{log.origin}: {one.size} of {log.size} entries, {when} ago{trouble}",
            ),
            step=NOTHING if good else _LOOK,
        )
