"""What each of our connections is, whatever the server and the role have for a default."""

from storage.postgresql import open_postgresql
from storage.unit_of_work import journal_transactions, plain_transactions
from tests.support.postgres import Database, server_of


def test_every_commit_waits_for_the_disk_where_the_server_would_not(postgres: Database) -> None:
    postgres.server.admin(f"ALTER DATABASE {postgres.name} SET synchronous_commit = off")

    with open_postgresql(server_of(postgres), threads=1) as database:
        for begin in (plain_transactions, journal_transactions):
            with begin(database)() as connection:
                shown = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
            assert shown == "on"
