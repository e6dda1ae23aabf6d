"""``demo``: plays the story against a running server, and verifies what it left behind."""

from typing import Annotated, Final
from urllib.parse import urlsplit

import requests
import typer

from api.consent_page import Text
from scripts.demo_browser import Codes, StoryError
from scripts.demo_clients import read_clients
from scripts.demo_story import Stage, tell
from scripts.demo_told import Narration, narrating
from scripts.gateway import CODES_FILE
from scripts.outcomes import Exit, OperatorError
from scripts.places import DEFAULT_PORT, places
from scripts.reading import reading
from scripts.screen import DataOption, LangOption, console, locale_of
from scripts.verifying import verify_all
from vault.errors import VaultError

UrlOption = Annotated[str, typer.Option("--url", help="服务地址 · address of the server")]

DEFAULT_URL: Final = f"http://127.0.0.1:{DEFAULT_PORT}"


def demo(url: UrlOption = DEFAULT_URL, data: DataOption = None, lang: LangOption = "zh") -> None:
    """演示全过程 · play the whole story against a running server."""
    locale = locale_of(lang)
    origin = _origin(url)
    where = places(data)
    clients = read_clients(where.demo)
    with reading(data) as opened:
        trust = opened.trust()
    screen = console()
    with narrating(screen, locale=locale) as narration:
        stage = Stage(
            origin=origin,
            codes=Codes(path=where.demo / CODES_FILE),
            clients=clients,
            trust=trust,
            narration=narration,
        )
        told = _told(stage)
        good = told and _holds(data, narration=narration)
    if not good:
        raise typer.Exit(Exit.FAILED)


def _told(stage: Stage) -> bool:
    try:
        tell(stage)
    except StoryError as error:
        stage.narration.fail(error.text)
    except requests.ConnectionError as error:
        raise OperatorError(
            f"{stage.origin} 没有服务应答。请先运行 ./scripts/serve，或用 --url 指定地址。",
            f"Nothing answers at {stage.origin}. Start ./scripts/serve first, or name the "
            "address with --url.",
            code=Exit.UNAVAILABLE,
        ) from error
    except (requests.RequestException, LookupError) as error:
        told = f"{type(error).__name__}: {error}"[:300]
        stage.narration.fail(Text(f"服务器的回答出乎意料：{told}", f"unexpected: {told}"))
    else:
        return True
    return False


def _holds(data: DataOption, *, narration: Narration) -> bool:
    """Verify the journal that the story has written."""
    try:
        with reading(data) as opened:
            verified = verify_all(opened, progress=lambda _done, _size: None)
    except VaultError as error:
        narration.fail(Text(f"日志无法核验：{error}", f"the journal cannot be read: {error}"))
        return False
    if not verified.good:
        count = verified.faults
        narration.fail(Text(f"日志有 {count} 处不符", f"the journal has {count} faults"))
        return False
    narration.say(
        Text("任何人", "anybody"),
        Text("核验整个日志", "verifies the whole journal"),
        Text(f"{verified.entries} 条全部相符", f"all {verified.entries} entries hold"),
    )
    return True


def _origin(url: str) -> str:
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        raise OperatorError(
            "地址应形如 http://127.0.0.1:8765，请改正 --url。",
            "The address looks like http://127.0.0.1:8765; correct --url.",
            code=Exit.USAGE,
        )
    return f"{parts.scheme}://{parts.netloc}"
