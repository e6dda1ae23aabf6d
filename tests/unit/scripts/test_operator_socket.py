"""The operator's socket: verbs reach the server, refusals come back as sentences."""

import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.process import became
from scripts.operator_socket import Plain, ask, listening
from scripts.outcomes import Exit, OperatorError
from vault.errors import ConflictError


def echo(arguments: Plain) -> Plain:
    return {"heard": arguments["said"]}


def refuse(_arguments: Plain) -> Plain:
    raise ConflictError("there is such a client")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    deep = tmp_path / ("long" * 30)  # Longer than an address of a Unix socket may be.
    deep.mkdir()
    return deep / "operator.sock"


@pytest.fixture
def server(path: Path) -> Iterator[Path]:
    with listening(path, {"echo": echo, "refuse": refuse}):
        yield path


def test_a_verb_reaches_the_server(server: Path) -> None:
    assert ask(server, "echo", {"said": "你好"}) == {"heard": "你好"}


def test_the_socket_is_ours_alone(server: Path) -> None:
    assert stat.S_IMODE(server.stat().st_mode) == 0o600


def test_a_refusal_comes_back_as_a_sentence(server: Path) -> None:
    with pytest.raises(OperatorError) as refusal:
        ask(server, "refuse", {})

    assert refusal.value.told.code is Exit.DATA
    assert "there is such a client" in refusal.value.told.text.en


@pytest.mark.parametrize("verb", ["erase", ""])
def test_an_unknown_verb_is_refused(server: Path, verb: str) -> None:
    with pytest.raises(OperatorError) as refusal:
        ask(server, verb, {})

    assert refusal.value.told.code is Exit.USAGE


def test_a_line_that_is_no_json_is_answered_all_the_same(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(server.parent)  # The address stays short.
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(server.name)
        connection.sendall(b"hello\n")

        assert b'"code": 64' in connection.recv(4096)


def answering() -> list[str]:
    return [one.name for one in threading.enumerate() if "process_request" in one.name]


@pytest.mark.parametrize("sent", [b"", b'{"verb": "wait", "arguments": {}}\n'])
def test_one_who_leaves_before_the_answer_disturbs_nobody(
    path: Path, sent: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(path.parent)
    left = threading.Event()

    def wait(_arguments: Plain) -> Plain:
        return {"left": left.wait(10)}

    with listening(path, {"wait": wait, "echo": echo}):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path.name)
            connection.sendall(sent)
        left.set()
        assert became(lambda: not answering(), seconds=10)
        assert ask(path, "echo", {"said": "still here"}) == {"heard": "still here"}

    assert capsys.readouterr().err == ""


def test_nobody_answers_where_no_server_is(path: Path) -> None:
    assert ask(path, "echo", {"said": "hello"}) is None


def test_nobody_answers_where_there_is_no_folder(tmp_path: Path) -> None:
    assert ask(tmp_path / "none" / "operator.sock", "echo", {}) is None


def test_a_second_server_on_the_same_folder_is_refused(server: Path) -> None:
    with pytest.raises(OperatorError) as refusal, listening(server, {}):
        pass

    assert refusal.value.told.code is Exit.UNAVAILABLE


def test_a_socket_left_behind_is_taken_over(path: Path) -> None:
    path.write_bytes(b"")

    with listening(path, {"echo": echo}):
        assert ask(path, "echo", {"said": "again"}) == {"heard": "again"}

    assert not path.exists()
