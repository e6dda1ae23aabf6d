"""What each of our connections is, whatever the server and the role have for a default."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from storage.postgresql import Server, open_postgresql
from storage.unit_of_work import journal_transactions, plain_transactions
from tests.support.postgres import Database, server_of
from vault.errors import StorageError


def test_every_commit_waits_for_the_disk_where_the_server_would_not(postgres: Database) -> None:
    postgres.server.admin(f"ALTER DATABASE {postgres.name} SET synchronous_commit = off")

    with open_postgresql(server_of(postgres), threads=1) as database:
        for begin in (plain_transactions, journal_transactions):
            with begin(database)() as connection:
                shown = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
            assert shown == "on"


@contextmanager
def asking_in_clear() -> Iterator[tuple[int, list[bytes]]]:
    """Stand in a server's place and ask for the password itself; keep what is sent then."""
    told = list[bytes]()

    def serve(listening: socket.socket) -> None:
        with listening.accept()[0] as client:
            while _code(client) in _ENCRYPTION:
                client.sendall(b"N")
            client.sendall(b"R" + struct.pack("!II", 8, 3))
            told.append(client.recv(4096))

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield listening.getsockname()[1], told
        thread.join()


def look_at(server: Server) -> None:
    with open_postgresql(server, threads=1) as database, plain_transactions(database)():
        pass


_ENCRYPTION = {80877103, 80877104}


def _code(client: socket.socket) -> int:
    (length,) = struct.unpack("!I", client.recv(4))
    code: int = struct.unpack("!I", client.recv(length - 4)[:4])[0]
    return code


@pytest.mark.parametrize(
    ("more", "sent"), [("", [b""]), ("?require_auth=password", [b"p\0\0\0\x0bhunter\0"])]
)
def test_the_password_is_proven_and_sent_to_nobody_who_asks_for_it(
    more: str, sent: list[bytes]
) -> None:
    with asking_in_clear() as (port, told):
        address = f"postgresql://vault@127.0.0.1:{port}/vault{more}"
        with pytest.raises(StorageError) as found:
            look_at(Server(address=address, password="hunter"))  # noqa: S106 - of nobody

    assert told == sent
    assert ("SCRAM" in str(found.value)) == (not more)
