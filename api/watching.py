"""All logs' witnesses of one process: from the policy file to the threads that ask."""

import threading
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from api.egress import Egress
from api.witness_settings import WitnessSettings
from api.witnesses import LogWatch, Pace, Watched
from vault.clock import Clock
from vault.crypto.signing import VerifierKey
from vault.errors import InvalidInputError, LogFrozenError
from vault.journal.public import PublicLog
from vault.journal.publishing import SecondLines
from vault.journal.trust import Policy
from vault.ports import Read, Work

POLICY: Final = "MYSPACE_WITNESSES__POLICY_FILE"


class Watches:
    """Implements ``vault.journal.watching.Watch`` over all logs."""

    def __init__(self, each: Sequence[LogWatch], *, groups: AbstractSet[str]) -> None:
        """Take the watches in the order of their logs."""
        self._each = tuple(each)
        self._groups = groups

    @property
    def groups(self) -> AbstractSet[str]:
        """See the port."""
        return self._groups

    def ask(self, log_id: int, size: int) -> Future[str]:
        """See the port."""
        return self._each[log_id].ask(size)

    def newest(self, log_id: int) -> str | None:
        """See the port."""
        return self._each[log_id].newest

    def shown(self, log_id: int, head: str) -> str:
        """See the port."""
        return self._each[log_id].shown(head)

    def troubles(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(line for one in self._each for line in one.troubles())


def read_policy(path: Path, *, logs: Sequence[VerifierKey]) -> Policy:
    """Return the policy that the operator has written.

    Args:
        path: The file.
        logs: Keys of our own logs; if the file names logs, these must be among them.

    Raises:
        InvalidInputError: It cannot be read, is of another log, or a witness has no address.
    """
    try:
        policy = Policy.parse(path.read_text("utf-8"))
    except (OSError, UnicodeError, InvalidInputError) as error:
        raise InvalidInputError(f"the policy of witnesses cannot be used: {POLICY}") from error
    if policy.logs and not set(logs) <= set(policy.logs):
        raise InvalidInputError(f"the policy of witnesses is of another log: {POLICY}")
    for name in policy.witnesses:
        if not policy.addresses.get(name, "").startswith("https://"):
            raise InvalidInputError(f"witness {name} has no https address: {POLICY}")
    return policy


@contextmanager
def watching(
    settings: WitnessSettings | None,
    *,
    egress: Egress,
    keys: Sequence[VerifierKey],
    logs: Sequence[PublicLog],
    seconds: SecondLines,
    read: Read,
    work: Work,
    clock: Clock,
    stop: Callable[[int, str], None],
) -> Iterator[Watches | None]:
    """Ask the witnesses of all logs once, then in rounds while the block runs.

    Raises:
        InvalidInputError: See ``read_policy``.
        LogFrozenError: A witness has seen more of a log than the database has.
    """
    if settings is None:
        yield None
        return
    policy = read_policy(settings.policy_file, logs=keys)
    each = [
        Watched(
            log_id=log_id,
            log=log,
            policy=policy,
            egress=egress,
            seconds=seconds,
            read=read,
            work=work,
            clock=clock,
            stop=partial(stop, log_id),
            pace=Pace(seconds=settings.every_seconds, entries=settings.every_entries),
        )
        for log_id, log in enumerate(logs)
    ]
    with ThreadPoolExecutor(max(1, len(policy.witnesses) * len(each)), "witness") as pool:
        watches = [LogWatch(one, pool=pool) for one in each]
        for one in watches:
            one.round()
        ahead = [one.ahead for one in watches if one.ahead]
        if ahead:
            raise LogFrozenError(f"the log is frozen: {ahead[0]}")
        threads = [
            threading.Thread(target=one.run, name="witnesses", daemon=True) for one in watches
        ]
        for thread in threads:
            thread.start()
        try:
            yield Watches(watches, groups=settings.named)
        finally:
            for one in watches:
                one.end()
            for thread in threads:
                thread.join()
