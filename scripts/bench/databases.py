"""The database that a deployment under measurement stands on: a file, or a server of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from api.settings import PostgresqlSettings


class Kind(StrEnum):
    """What may be measured."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def _none() -> float:
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A database that is there while it is measured.

    Attributes:
        settings: ``None`` for the file in the data folder.
        cpu_seconds: What the database's own processes have used so far; 0 for a file.
    """

    settings: PostgresqlSettings | None = None
    cpu_seconds: Callable[[], float] = _none


@contextmanager
def chosen(kind: Kind) -> Iterator[Chosen]:
    """Give a database of ``kind``; a server is started for this, and stopped again.

    Raises:
        OperatorError: The server's programs are not installed.
    """
    if kind is Kind.SQLITE:
        yield Chosen()
        return
    # Only here: the server's programs are no part of what a deployment installs.
    from scripts.local.accounts import open_folder  # noqa: PLC0415
    from scripts.local.postgresql import running_postgresql  # noqa: PLC0415

    with open_folder() as folder, running_postgresql(folder) as server:
        settings = PostgresqlSettings(address=server.address(), password_file=server.password_file)
        yield Chosen(settings=settings, cpu_seconds=server.cpu_seconds)
