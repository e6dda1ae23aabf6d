"""``migrate``: brings a data folder to the schema of this program, with no server in between."""

from typing import Final

from api.consent_page import Text
from scripts.operator_socket import somebody
from scripts.outcomes import Exit, OperatorError
from scripts.places import places
from scripts.screen import DataOption, console, facts
from storage.failures import InUseError
from storage.migrate import current, head
from storage.sqlite import open_sqlite, open_sqlite_beside

NONE: Final = Text("没有", "none")
DONE: Final = Text("数据已升级到本版本", "The data are of this version now")
NOTHING: Final = Text("无需升级", "Nothing to do: the data are of this version")


def migrate(data: DataOption = None) -> None:
    """升级数据文件夹 · bring a data folder to this version's schema."""
    where = places(data)
    if not where.database.exists():
        raise OperatorError(
            "这个文件夹里没有数据库。请用 --data 指定服务使用的数据文件夹。",
            "There is no database in this folder. Name the server's data folder with --data.",
            code=Exit.CONFIGURATION,
        )
    if somebody(where.socket):
        raise InUseError("a server is running")
    with open_sqlite_beside(where.database) as database:
        before = current(database.engine)
    with open_sqlite(where.database) as database:  # Opening is what upgrades.
        after = current(database.engine)
    rows = [
        (Text("数据文件夹", "data folder"), str(where.data)),
        (Text("之前", "before"), before or f"{NONE.zh} · {NONE.en}"),
        (Text("现在", "now"), after or f"{NONE.zh} · {NONE.en}"),
    ]
    console().print(facts(NOTHING if before == head() else DONE, rows))
