"""The benchmark: its proofs are good, its load counts failures, its figures have their unit."""

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.oauth.dpop import ProofReader
from scripts.bench import file_tables, journal_tables
from scripts.bench.files import (
    MIB,
    Bench,
    FileRound,
    Way,
    bench_in,
    plain_way,
    sealed_way,
)
from scripts.bench.fixture import Fixture, settings_in
from scripts.bench.forms import Sender
from scripts.bench.journal import WAITING, Appended, JournalRound, Read, journal_bench
from scripts.bench.load import Measured
from scripts.bench.proofs import ProofKey, plain_requests, proven_requests
from scripts.bench.rounds import Load, Round
from scripts.bench.servers import bare_server
from scripts.bench.tables import plain, ratios, table, token_table
from scripts.bench.token_rounds import ROWS
from scripts.cli import app
from scripts.outcomes import OperatorError
from scripts.places import embedded_settings, places
from scripts.screen import console
from tests.support.oauth_world import World, client

ISSUER = "https://space.example.org"
SHOWN = "vat_x"
TARGET = "/v1/evidence/LC01?view=full"


def round_of(cpu_us: float, **changes: float) -> Round:
    plain = {"rate": 1000.0, "p50_ms": 1.0, "p99_ms": 2.0}
    return Round(database_us=0.0, cpu_us=cpu_us, **(plain | changes))


def header(request: bytes, name: str) -> str:
    lines = request.decode().split("\r\n")
    return next(line.partition(": ")[2] for line in lines if line.startswith(f"{name}: "))


def reader() -> ProofReader:
    return World(origin=ISSUER).provider.proofs


def test_every_request_has_a_proof_of_its_own_that_verifies() -> None:
    key, now = ProofKey.draw(), int(time.time())

    requests = proven_requests(TARGET, issuer=ISSUER, token=SHOWN, key=key, count=20, now=now)

    proofs = [header(request, "DPoP") for request in requests]
    read = [
        reader().read(proof, method="GET", path="/v1/evidence/LC01", now=now, token=SHOWN)
        for proof in proofs
    ]
    assert len({one.claim.key_hash for one in read}) == len(requests)
    assert {one.jkt for one in read} == {key.thumbprint}
    assert {header(request, "Authorization") for request in requests} == {f"DPoP {SHOWN}"}
    assert {request.split(b"\r\n")[0] for request in requests} == {
        f"GET {TARGET} HTTP/1.1".encode()
    }


def test_a_real_server_is_driven_over_connections_that_stay_open(tmp_path: Path) -> None:
    load = Load(fixture=fixture(tmp_path), connections=8, requests=100)
    with bare_server(tmp_path) as served:
        before = served.cpu_seconds()

        found = load.bare("/bare", served.port)
        missing = load.bare("/nothing", served.port)

        spent = served.cpu_seconds() - before
    assert (found.failures, len(found.latencies_ms)) == (0, 400)
    assert (missing.failures, len(missing.latencies_ms)) == (400, 0)
    assert spent > 0
    assert found.percentile(0) <= found.percentile(0.5) <= found.percentile(1)


def fixture(folder: Path) -> Fixture:
    return Fixture(
        settings=embedded_settings(places(folder / "data"), port=1, demo=True),
        target=TARGET,
        token=SHOWN,
        key=ProofKey.draw(),
        record_bytes=4119,
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_figures_of_a_round_with_failures_are_void() -> None:
    good = Measured(seconds=2.0, latencies_ms=(1.0, 2.0, 3.0, 4.0), failures=0)
    bad = Measured(seconds=2.0, latencies_ms=(1.0,), failures=3)

    assert Round.of(good, cpu_seconds=0.002) == Round(
        cpu_us=500.0, database_us=0.0, rate=2.0, p50_ms=3.0, p99_ms=4.0
    )
    with pytest.raises(OperatorError, match="3 requests"):
        Round.of(bad, cpu_seconds=0.002)


def test_a_pull_is_told_in_bare_requests_of_its_own_round(tmp_path: Path) -> None:
    bares = [round_of(80.0), round_of(100.0), round_of(90.0)]
    pulls = [round_of(480.0), round_of(500.0, p99_ms=9.0), round_of(630.0)]

    found = plain(bares, pull=pulls)

    assert ratios(bares, pulls) == [6.0, 5.0, 7.0]
    assert found == {
        "unit_us": 90.0,
        "rows": [
            {
                "name": "bare",
                "bare_requests": 1.0,
                "database_us": 0.0,
                "rps": 1000,
                "p50_ms": 1.0,
                "p99_ms": 2.0,
            },
            {
                "name": "pull",
                "bare_requests": 6.0,
                "database_us": 0.0,
                "rps": 1000,
                "p50_ms": 1.0,
                "p99_ms": 2.0,
            },
        ],
    }
    shown = table(bares, pulls, load=Load(fixture=fixture(tmp_path), connections=8, requests=1))
    assert "90" in str(shown.title)


def test_plain_requests_are_whole_and_equal() -> None:
    assert (
        plain_requests("/bare", host="127.0.0.1", count=2)
        == [b"GET /bare HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"] * 2
    )


def test_a_file_is_told_in_shares_of_the_plain_way_of_its_own_round(tmp_path: Path) -> None:
    ways = [(2.0, 1.0), (4.0, 1.0), (2.5, 1.0)]
    found = [
        FileRound(
            sealed=Way(up_seconds=ours, down_seconds=0.5, resident_bytes=50 * MIB + number),
            plain=Way(up_seconds=theirs, down_seconds=0.25, resident_bytes=40 * MIB),
        )
        for number, (ours, theirs) in enumerate(ways)
    ]
    bench = Bench(folder=tmp_path, bucket=None, size=100 * MIB)

    assert file_tables.plain(found, bench) == {
        "unit_us": 10_000.0,
        "rows": [
            {
                "name": name,
                "share_of_speed": share,
                "mib_per_s": speed,
                "unit_mib_per_s": unit,
                "resident_mib": 50,
                "unit_resident_mib": 40,
            }
            for name, share, speed, unit in [("up", 0.4, 40, 100), ("down", 0.5, 200, 400)]
        ],
    }
    assert "100 MiB" in str(file_tables.table(found, bench).title)


@pytest.mark.parametrize("bucket", [False, True], ids=["folder", "bucket"])
def test_both_ways_store_and_fetch_the_whole_file(
    tmp_path: Path,
    bucket: bool,  # noqa: FBT001 - of the parameters
) -> None:
    with bench_in(tmp_path, size=10 * MIB + 1, bucket=bucket) as bench:
        ways = [sealed_way(bench), plain_way(bench)]

    assert bench.source.stat().st_size == 10 * MIB + 1
    assert min(min(way.up_seconds, way.down_seconds) for way in ways) > 0


@pytest.mark.slow
def test_a_real_file_goes_up_and_down() -> None:
    options = ["--blobs", "folder", "--mib", "20", "--rounds", "1", "--json"]

    result = CliRunner().invoke(app, ["bench", "files", *options])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [row["name"] for row in found["rows"]] == ["up", "down"]
    assert all(row["mib_per_s"] > 0 for row in found["rows"])


@pytest.mark.slow
def test_the_real_server_is_measured_from_end_to_end() -> None:
    result = CliRunner().invoke(
        app,
        ["bench", "pull", "--json", "--rounds", "1", "--requests", "100", "--connections", "4"],
    )

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [row["name"] for row in found["rows"]] == ["bare", "pull"]
    assert found["rows"][1]["bare_requests"] > 1


def test_each_form_is_of_a_client_that_the_server_believes() -> None:
    world, now = World(origin=ISSUER), int(time.time())
    key, proof_key = ProofKey.draw(), ProofKey.draw()
    jwks = json.dumps({"keys": [key.jwk | {"kid": "k1"}]})
    world.memory.add(client("licensing", jwks=jwks))
    world.clock.now = now
    sender = Sender(issuer=ISSUER, client_id="licensing", kid="k1", key=key, proof_key=proof_key)
    form = {"grant_type": "client_credentials", "scope": "registry:read"}

    requests = sender.forms("/oauth/token", [form] * 3, now=now)

    answers = [
        world.http.post(
            "/oauth/token",
            content=request.partition(b"\r\n\r\n")[2],
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "DPoP": header(request.partition(b"\r\n\r\n")[0], "DPoP"),
            },
        ).status_code
        for request in requests
    ]
    assert answers == [200, 200, 200]


def test_the_token_endpoints_are_told_each_in_its_own_row() -> None:
    rows = {name: [round_of(200.0)] for name in ROWS}

    shown = token_table([round_of(100.0)], rows, connections=8)

    assert shown.row_count == 1 + len(ROWS)
    assert "100" in str(shown.title)


@pytest.mark.slow
def test_the_token_endpoints_of_a_real_server_are_measured() -> None:
    result = CliRunner().invoke(
        app,
        ["bench", "token", "--json", "--rounds", "1", "--requests", "100", "--connections", "4"],
    )

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [row["name"] for row in found["rows"]] == ["bare", *ROWS]
    assert all(row["rps"] > 0 for row in found["rows"])


def test_appending_is_timed_beside_a_plain_commit_and_the_log_that_comes_of_it_holds(
    tmp_path: Path,
) -> None:
    with journal_bench(settings_in(tmp_path), tmp_path, seconds=0.05) as bench:
        before = bench.size()
        rounds = [bench.round()]
        read = bench.read(before=before)

    found = journal_tables.plain(rounds, read)
    names = [row["name"] for row in found["rows"]]
    assert names == ["append_1", "append_8", "append_64", "append_256", "verify", "scan"]
    assert all(row["speedup_over_plain"] > 0 for row in found["rows"])
    assert read.entries > before[0]
    assert found["bytes_per_entry"] > 500
    assert found["flush_us"] > 0
    shown = console()
    with shown.capture() as capture:
        shown.print(journal_tables.table(rounds, read))
    assert "64 waiting" in capture.get()


def test_the_times_of_a_journal_round_are_those_of_as_many_plain_writers() -> None:
    def ways(rate: float) -> dict[int, Appended]:
        return {one: Appended(rate=rate * one, p50_ms=1.0, p99_ms=2.0) for one in WAITING}

    read = Read(
        entries=1000, flush_us=90.0, verify_rate=500_000.0, scan_rate=5e6, bytes_per_entry=1500.4
    )
    found = journal_tables.plain([JournalRound(plain=ways(100.0), ours=ways(1200.0))], read)

    assert (found["unit_us"], found["bytes_per_entry"]) == (10_000.0, 1500)
    assert found["rows"][2] == {
        "name": "append_64",
        "waiting": 64,
        "entries_per_s": 76_800,
        "plain_per_s": 6_400,
        "speedup_over_plain": 12.0,
        "p50_ms": 1.0,
        "p99_ms": 2.0,
        "plain_p99_ms": 2.0,
    }
    assert found["rows"][4:] == [
        {"name": "verify", "entries_per_s": 500_000, "speedup_over_plain": 5000.0},
        {"name": "scan", "entries_per_s": 5_000_000, "speedup_over_plain": 50_000.0},
    ]
