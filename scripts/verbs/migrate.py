"""``migrate``: brings the data to the schema of this program: a folder, or a database server."""

from typing import Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.consent_page import Text
from api.databases import refuse_unsafe_server, server_of
from api.settings import PREFIX, PostgresqlSettings
from scripts.operator_socket import somebody
from scripts.outcomes import OperatorError, settings_told
from scripts.places import Places, no_database, places, server_is_named
from scripts.screen import DataOption, console, facts
from storage.failures import InUseError
from storage.migrate import current, head, upgrade
from storage.postgresql import open_postgresql
from storage.sqlite import open_sqlite, open_sqlite_beside

NONE: Final = Text("没有", "none")
DONE: Final = Text("数据已升级到本版本", "The data are of this version now")
NOTHING: Final = Text("无需升级", "Nothing to do: the data are of this version")


def migrate(data: DataOption = None) -> None:
    """升级数据 · bring the data to this version's schema."""
    where = places(data)
    chosen = _chosen_server()
    before, after = _on_server(chosen) if chosen is not None else _in_folder(where)
    place = str(where.data) if chosen is None else chosen.address
    rows = [
        (Text("数据", "data"), place),
        (Text("之前", "before"), before or f"{NONE.zh} · {NONE.en}"),
        (Text("现在", "now"), after or f"{NONE.zh} · {NONE.en}"),
    ]
    console().print(facts(NOTHING if before == head() else DONE, rows))


def _chosen_server() -> PostgresqlSettings | None:
    if not server_is_named():
        return None
    try:
        return _Server().postgresql
    except ValidationError as error:
        told = settings_told(error)
        raise OperatorError(told.text.zh, told.text.en, code=told.code) from error


def _on_server(chosen: PostgresqlSettings) -> tuple[str | None, str | None]:
    """Migrate beside the processes that serve from it."""
    with open_postgresql(server_of(chosen), threads=1) as database:
        refuse_unsafe_server(database, chosen)
        before = current(database.engine)
        upgrade(database.journal)
        return before, current(database.engine)


def _in_folder(where: Places) -> tuple[str | None, str | None]:
    if not where.database.exists():
        raise no_database()
    if somebody(where.socket):
        raise InUseError("a server is running")
    with open_sqlite_beside(where.database) as database:
        before = current(database.engine)
    with open_sqlite(where.database) as database:  # Opening is what upgrades.
        return before, current(database.engine)


class _Server(BaseSettings):
    """Of all settings only the server's: migrating needs no key and no issuer."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="ignore", frozen=True
    )

    postgresql: PostgresqlSettings
