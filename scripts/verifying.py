"""Verifies all logs of a deployment, and the guarded rows against the last change of each."""

from collections.abc import Callable
from dataclasses import dataclass

from scripts.log_reading import Openings, RowsLog
from scripts.reading import Opened
from scripts.state_rows import state_rows
from vault.journal.findings import Finding
from vault.journal.state_check import StateCheck
from vault.journal.verify import MAX_FINDINGS, verify_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found in all logs.

    Attributes:
        rows: How many guarded rows were compared.
        findings: The first thousand faults.
    """

    origins: tuple[str, ...]
    entries: int
    opened: int
    rows: int
    findings: tuple[Finding, ...]
    faults: int

    @property
    def good(self) -> bool:
        """Whether everything holds."""
        return not self.faults


def verify_all(opened: Opened, *, progress: Callable[[int, int], None]) -> Verified:
    """Replay every log and compare the state with it; faults are in what is returned."""
    check = StateCheck()
    reports = [
        verify_log(
            RowsLog(opened.connection, log_id=log.log_id, year=log.year),
            verifier=opened.verifier(log.origin),
            progress=progress,
            opener=Openings(opened.tx, keyring=opened.keyring, log_id=log.log_id),
            changes=check.see,
        )
        for log in opened.logs
    ]
    rows = tuple(state_rows(opened.connection))
    beyond = list(check.compare(rows))
    findings = [one for report in reports for one in report.findings] + beyond
    return Verified(
        origins=tuple(report.head.origin for report in reports),
        entries=sum(report.entries for report in reports),
        opened=sum(report.opened for report in reports),
        rows=len(rows),
        findings=tuple(findings[:MAX_FINDINGS]),
        faults=sum(report.faults for report in reports) + len(beyond),
    )
