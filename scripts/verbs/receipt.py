"""``receipt verify``: checks a receipt offline, and what it says if its opening is at hand."""

from pathlib import Path
from typing import Annotated, Final

import typer

from api.consent_page import Text
from scripts.outcomes import Exit, OperatorError
from scripts.reading import reading
from scripts.screen import DataOption, console, facts, read_file, read_text
from vault.clock import LEGAL_ZONE, instant
from vault.errors import IntegrityError, InvalidInputError
from vault.journal.entries import Entry
from vault.journal.receipts import Proven, verify_receipt
from vault.journal.statements import Opening, Statement, verify_opening
from vault.journal.trust import NO_QUORUM, Policy

app: Final = typer.Typer(help="回执 · receipts", no_args_is_help=True)

PolicyOption = Annotated[
    Path | None,
    typer.Option("--policy", help="信任策略文件（C2SP tlog-policy）· trust policy file"),
]
OpeningOption = Annotated[
    Path | None, typer.Option("--opening", help="开启文件 · opening of the entry")
]
StatementOption = Annotated[
    Path | None, typer.Option("--statement", help="说明文件 · statement to compare with")
]


@app.callback()
def group() -> None:
    """回执 · receipts."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="回执文件 · receipt file (.tlog-proof)")],
    data: DataOption = None,
    policy: PolicyOption = None,
    opening: OpeningOption = None,
    statement: StatementOption = None,
) -> None:
    """离线核验回执 · verify a receipt, offline."""
    trust = _trust(data, policy=policy)
    try:
        proven = verify_receipt(read_text(file), trust)
    except IntegrityError as error:
        raise _refused(file, error) from error
    console().print(facts(Text("回执有效", "The receipt verifies"), _proof(proven)))
    if opening is None:
        if statement is not None:
            raise OperatorError(
                "核对说明需要开启文件，请加上 --opening。",
                "Comparing a statement needs the opening; add --opening.",
                code=Exit.USAGE,
            )
        return
    try:
        entry = verify_opening(
            Opening.from_json(read_file(opening)),
            leaf=proven.leaf.to_bytes(),
            statement=None if statement is None else Statement.from_json(read_file(statement)),
        )
    except (IntegrityError, InvalidInputError) as error:
        raise _refused(opening, error) from error
    console().print(facts(Text("日志条目说明", "What the entry says"), entry_facts(entry)))


def _trust(data: Path | None, *, policy: Path | None) -> Policy:
    """Return whom to believe: a policy file, or the log of a data folder of our own."""
    if (data is None) == (policy is None):
        raise OperatorError(
            "请给出 --data 或 --policy 中的一个。",
            "Give one of --data and --policy.",
            code=Exit.USAGE,
        )
    if data is not None:
        with reading(data) as opened:
            return opened.trust()
    if policy is None:
        raise AssertionError
    try:
        return Policy.parse(read_text(policy))
    except InvalidInputError as error:
        raise OperatorError(
            f"信任策略 {policy.name} 无法读取，请向日志运营方重新索取。",
            f"The trust policy {policy.name} is malformed ({error}); ask the log's operator "
            "for it again.",
            code=Exit.DATA,
        ) from error


def _refused(path: Path, error: Exception) -> OperatorError:
    return OperatorError(
        f"{path.name} 核验不通过，请勿采信，并向出具方重新索取。",
        f"{path.name} does not verify ({error}). Do not rely on it; ask for it again.",
        code=Exit.DATA,
    )


def _proof(proven: Proven) -> list[tuple[Text, str]]:
    witnesses = ", ".join(sorted(proven.witnesses)) or NO_QUORUM
    return [
        (Text("日志", "log"), proven.checkpoint.origin),
        (Text("位置", "index"), str(proven.index)),
        (Text("检查点大小", "checkpoint size"), str(proven.checkpoint.size)),
        (Text("见证方", "witnesses"), witnesses),
    ]


def entry_facts(entry: Entry) -> list[tuple[Text, str]]:
    """Return what an opened entry says, without a value of any evidence."""
    on, decision = entry.on, entry.decision
    rows = [
        (Text("时间", "time"), instant(entry.at_ms).astimezone(LEGAL_ZONE).isoformat()),
        (Text("事件", "event"), entry.kind.value),
        (Text("依据", "basis"), entry.basis.value),
    ]
    if on is not None and on.item is not None:
        rows.append((Text("事项", "item"), on.item))
    if decision is not None:
        outcome = " ".join((decision.result.value, *decision.reasons))
        rows.append((Text("决定", "decision"), outcome))
    for one in entry.evidence:
        shown = " ".join(filter(None, (one.code, one.view, ", ".join(one.fields))))
        rows.append((Text("材料", "evidence"), shown))
    return rows
