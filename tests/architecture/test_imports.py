"""Imports have no effects: nothing is written, opened to the net or started by importing."""

import json
import subprocess
import sys

from tests.support.tree import ROOT, modules, name_of

OWN_SURROUNDINGS = {"storage/migrations/env.py"}
"""Run by Alembic, which gives it a context; it is no module that anything imports."""

WATCHING = """
import importlib, json, os, sys

seen = []

def watch(event, args):
    if event == "open":
        path, mode, flags = args
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and path != os.devnull:
            seen.append([event, str(path)])
    elif event.split(".")[0] in ("socket", "sqlite3", "subprocess") or event in (
        "os.fork", "os.mkdir", "os.remove", "os.rename", "_thread.start_new_thread"
    ):
        seen.append([event, repr(args)[:200]])

for name in ("authlib", "alembic", "cedarpy", "fastapi", "requests", "sqlmodel", "typer"):
    importlib.import_module(name)
sys.addaudithook(watch)
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(seen))
"""


def module_names() -> list[str]:
    paths = [name_of(path) for path in modules()]
    dotted = [path.removesuffix(".py").replace("/", ".") for path in paths]
    return [
        name.removesuffix(".__init__")
        for name, path in zip(dotted, paths, strict=True)
        if path not in OWN_SURROUNDINGS
    ]


def test_importing_every_module_does_nothing() -> None:
    names = module_names()

    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-B", "-c", WATCHING, json.dumps(names)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )

    assert len(names) > 100
    assert (done.stderr, done.returncode) == ("", 0)
    assert json.loads(done.stdout) == []
