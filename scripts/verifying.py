"""Verifies all logs of a deployment, and the guarded rows against the last change of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from scripts.log_reading import Openings, RowsLog
from scripts.reading import Opened
from scripts.row_check import check_rows
from scripts.state_rows import state_rows
from vault.journal.decision_check import DecisionCheck
from vault.journal.entries import Entry
from vault.journal.findings import Finding, StoredEntry
from vault.journal.state_check import StateCheck
from vault.journal.verify import MAX_FINDINGS, ChangeCheck, verify_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found in all logs.

    Attributes:
        replayed: How many decisions were decided again under the policies of their day.
        rows: How many guarded rows were compared.
        findings: The first thousand faults.
    """

    origins: tuple[str, ...]
    entries: int
    opened: int
    replayed: int
    rows: int
    findings: tuple[Finding, ...]
    faults: int

    @property
    def good(self) -> bool:
        """Whether everything holds."""
        return not self.faults


def verify_all(opened: Opened, *, progress: Callable[[int, int], None]) -> Verified:
    """Replay every log and compare the state with it; faults are in what is returned.

    Args:
        opened: The deployment.
        progress: Told how many of how many entries were read, over all logs.
    """
    check, replayed, before, reports = StateCheck(), 0, 0, []
    for log in opened.logs:
        opener = Openings(opened.tx, keyring=opened.keyring, log_id=log.log_id)
        decisions = DecisionCheck(
            open_inputs=opener.inputs, bundle_text=cache(opened.tx.policies.text)
        )
        report = verify_log(
            RowsLog(opened.connection, log_id=log.log_id, year=log.year),
            verifier=opened.verifier(log.origin),
            progress=partial(_within, progress, before=before, size=opened.size),
            opener=opener,
            changes=_both(check, decisions),
        )
        reports.append(report)
        replayed += decisions.replayed
        before += log.size
    rows = tuple(state_rows(opened.connection))
    beyond = [*check.compare(rows), *check_rows(opened)]
    findings = [one for report in reports for one in report.findings] + beyond
    return Verified(
        origins=tuple(report.head.origin for report in reports),
        entries=sum(report.entries for report in reports),
        opened=sum(report.opened for report in reports),
        replayed=replayed,
        rows=len(rows),
        findings=tuple(findings[:MAX_FINDINGS]),
        faults=sum(report.faults for report in reports) + len(beyond),
    )


def _within(
    progress: Callable[[int, int], None], done: int, _of_log: int, *, before: int, size: int
) -> None:
    """Tell how far we are in all logs, of one that stands after ``before`` entries of others."""
    progress(before + done, size)


def _both(state: StateCheck, decisions: DecisionCheck) -> ChangeCheck:
    """Hand each opened entry to both checks."""

    def see(stored: StoredEntry, entry: Entry) -> Iterator[Finding]:
        yield from state.see(stored, entry)
        yield from decisions.see(stored, entry)

    return see
