"""Whoever can write the database tries each row of the journal's table (journal.md 10).

Each attempt carries the words of its row, and is detected as stated there, or refused, which
is more. With ``-s`` the outcomes are printed, for the notes of a release.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.support.adversary import Deployment, deployed, faults, verified
from tests.support.founding import POLICE, open_vault
from vault.errors import LogFrozenError
from vault.ids import RecordId
from vault.records import RecordStatus
from vault.services.change_status import StatusChange, change_status

RELEASED = "released"
REFUSED = "IntegrityError"
FROZEN = "LogFrozenError"
GUARDED = (
    *("oauth_grant", "oauth_use", "record", "record_version", "record_key", "service_case"),
    *("holder", "mandate", "passkey", "developer"),
)
STATE = (*GUARDED, "guarded_state", "notice", "request_id")
EVERYTHING = (*STATE, "journal_counter", "journal_entry", "log_tile", "log_head")


@dataclass(frozen=True)
class Attempt:
    """One thing that somebody does.

    Attributes:
        does: The row of the table.
        how: What exactly.
        act: Does it, while the deployment serves.
        pulled: What the next pull comes to.
        found: One of what ``journal verify`` finds; empty where it need not find anything.
    """

    does: str
    how: str
    act: Callable[[Deployment], object]
    pulled: str = RELEASED
    found: frozenset[str] = frozenset()


def saying(*statements: str) -> Callable[[Deployment], None]:
    def act(at: Deployment) -> None:
        at.drop_triggers()
        for statement in statements:
            assert at.say(statement) >= 1

    return act


def one(*names: str) -> frozenset[str]:
    return frozenset(names)


def inserts_beyond(at: Deployment) -> None:
    rows = at.rows("journal_entry")["journal_entry"]
    last = max(rows, key=lambda row: row["idx"])
    forged = last | {
        "idx": last["idx"] + 1,
        "entry_id": b"\x01" * 16,
        "holder_id": None,
        "holder_seq": None,
        "actor_seq": last["actor_seq"] + 1000,
    }
    rows.append(forged)
    at.drop_triggers()
    at.put_back({"journal_entry": rows})


def forges_an_entry(at: Deployment) -> None:
    """Replace the newest entry by one that was sealed under another key."""
    at.drop_triggers()
    at.say(
        "UPDATE journal_entry SET payload = ? WHERE idx = (SELECT max(idx) FROM journal_entry)",
        b"\x07" * 400,
    )


def edits_a_leaf(at: Deployment) -> None:
    at.drop_triggers()
    assert at.say("UPDATE journal_entry SET leaf = ? WHERE idx = 0", b"\x03" * 70) == 1


def puts_the_log_back(at: Deployment) -> None:
    before = at.rows("journal_entry", "log_tile", "log_head")
    assert at.pull() == RELEASED
    at.drop_triggers()
    at.put_back(before)


def fills_a_tile(at: Deployment) -> None:
    while at.entries() < 256:
        assert at.pull() in {RELEASED, "AccessDeniedError"}


def edits_a_tile(at: Deployment) -> None:
    fills_a_tile(at)
    at.drop_triggers()
    assert at.say("UPDATE log_tile SET data = ?", b"\x09" * 8192) >= 1


def revives(at: Deployment) -> None:
    at.town.revoke(at.granted)
    at.say("UPDATE oauth_grant SET status = 'active', ended_at_ms = NULL")


def revives_with_the_old_row(at: Deployment) -> None:
    before = at.rows("oauth_grant")["oauth_grant"]
    at.town.revoke(at.granted)
    for row in before:
        put(at, "oauth_grant", row, key="grant_id")
    at.say("UPDATE oauth_access_token SET revoked_at = NULL")


def put(at: Deployment, table: str, row: dict[str, object], *, key: str) -> None:
    """Write an older row over the newer one."""
    named = ", ".join(f"{name} = ?" for name in row)
    at.say(f"UPDATE {table} SET {named} WHERE {key} = ?", *row.values(), row[key])  # noqa: S608


def invents(at: Deployment) -> None:
    """Give the department a grant that nobody gave, and let its token name it."""
    (row,) = at.rows("oauth_grant")["oauth_grant"]
    (use,) = at.rows("oauth_use")["oauth_use"]
    new = b"\x05" * 16
    at.insert("oauth_grant", row | {"grant_id": new})
    at.insert("oauth_use", use | {"grant_id": new})
    at.say("UPDATE oauth_access_token SET grant_id = ? WHERE grant_id IS NOT NULL", new)


def gives_uses_back(at: Deployment) -> None:
    (before,) = at.rows("oauth_use")["oauth_use"]
    assert at.pull() == RELEASED
    put(at, "oauth_use", before, key="grant_id")


def puts_an_older_head(at: Deployment) -> None:
    (before,) = at.rows("record")["record"]
    change_status(
        at.town.vault,
        StatusChange(
            caller=at.town.caller(POLICE),
            record_id=RecordId(before["record_id"]),
            expected=1,
            status=RecordStatus.SUSPENDED,
        ),
    )
    put(at, "record", before, key="record_id")


def puts_back(*tables: str) -> Callable[[Deployment], None]:
    """Put tables into the state of before the consent was taken back."""

    def act(at: Deployment) -> None:
        before = at.rows(*tables)
        at.town.revoke(at.granted)
        at.drop_triggers()
        at.put_back(before)
        at.say("UPDATE oauth_access_token SET revoked_at = NULL")

    return act


def swaps_wraps(at: Deployment) -> None:
    at.town.deposit(at.PERSON + 1, name="李示例")
    (first, wrap), (second, other) = at.ask("SELECT record_id, wrap FROM record_key")
    at.say("UPDATE record_key SET wrap = ? WHERE record_id = ?", other, first)
    at.say("UPDATE record_key SET wrap = ? WHERE record_id = ?", wrap, second)


EDITS = "edits or deletes an entry, leaf, tile"
HEAD = "edits head size, root, frontier, note"
BACK = "puts the whole database, or just the head with its entries, back"
BEYOND = "adds entry rows beyond the head"
FORGES = "forges an access or a consent entry"
GRANTS = "sets a revoked grant to active, widens it, invents one"
HEADS = "replaces record head or uses counter"
SWAPS = "swaps wraps or files between holders, records, versions"
COUNTERS = "makes counters jump or repeat"
DESTROYS = "destroys payloads or keys"
ROLLS = "rolls back rows, state and entries together (architecture.md 9.6)"
OTHERS = "edits any other guarded row"

MAC = one("row-mac")
LAST = "idx = (SELECT max(idx) FROM journal_entry)"

TABLE = (
    Attempt(EDITS, "a payload", forges_an_entry, found=one("payload-hash")),
    Attempt(
        EDITS,
        "a leaf",
        edits_a_leaf,
        found=one("leaf-hash", "leaf-malformed"),
    ),
    Attempt(
        EDITS,
        "deletes one",
        saying("DELETE FROM journal_entry WHERE idx = 0"),
        found=one("entry-missing"),
    ),
    Attempt(EDITS, "a tile", edits_a_tile, pulled="AccessDeniedError", found=one("tile")),
    Attempt(HEAD, "size", saying("UPDATE log_head SET size = size + 1"), FROZEN),
    Attempt(HEAD, "root", lambda at: at.say("UPDATE log_head SET root = ?", bytes(32)), FROZEN),
    Attempt(HEAD, "frontier", lambda at: at.say("UPDATE log_head SET frontier = ?", b""), FROZEN),
    Attempt(HEAD, "note", saying("UPDATE log_head SET note = 'nothing'"), FROZEN),
    Attempt(BACK, "everything", puts_back(*EVERYTHING), FROZEN),
    Attempt(BACK, "head and entries", puts_the_log_back, FROZEN),
    Attempt(BEYOND, "one", inserts_beyond, FROZEN),
    Attempt(
        FORGES,
        "in place of the newest",
        forges_an_entry,
        found=one("payload-hash", "does-not-open"),
    ),
    Attempt(GRANTS, "sets it to active", revives, REFUSED, MAC),
    Attempt(GRANTS, "with its own older row", revives_with_the_old_row, REFUSED, one("row-older")),
    Attempt(
        GRANTS,
        "prolongs it",
        saying("UPDATE oauth_grant SET expires_at_ms = expires_at_ms + 1"),
        REFUSED,
        MAC,
    ),
    Attempt(
        GRANTS,
        "widens it",
        saying("UPDATE oauth_grant SET details = replace(details, '\"full\"', '\"verify\"')"),
        REFUSED,
        MAC,
    ),
    Attempt(GRANTS, "invents one", invents, REFUSED, MAC),
    Attempt(
        HEADS,
        "edits the head",
        saying("UPDATE record SET served_until = '2099-01-01'"),
        REFUSED,
        MAC,
    ),
    Attempt(HEADS, "an older head", puts_an_older_head, REFUSED, one("row-older")),
    Attempt(
        HEADS, "edits the counter", saying("UPDATE oauth_use SET max_uses = 1000"), REFUSED, MAC
    ),
    Attempt(HEADS, "an older counter", gives_uses_back, REFUSED, one("row-older")),
    Attempt(
        HEADS,
        "another version",
        saying("UPDATE record_version SET trust_grade = 'C' WHERE version = 1"),
        REFUSED,
    ),
    Attempt(SWAPS, "wraps of two holders", swaps_wraps, REFUSED),
    Attempt(
        COUNTERS,
        "jump",
        saying("UPDATE journal_counter SET seq = seq + 3"),
        REFUSED,
        one("state-row"),
    ),
    Attempt(
        COUNTERS,
        "repeat",
        saying("UPDATE journal_counter SET seq = seq - 1 WHERE seq > 1"),
        REFUSED,
        one("state-row"),
    ),
    Attempt(
        DESTROYS,
        "payloads",
        saying("UPDATE journal_entry SET payload = NULL"),
        found=one("state-invented"),
    ),
    Attempt(DESTROYS, "keys", saying("DELETE FROM record_key"), REFUSED),
    Attempt(ROLLS, "rows", puts_back(*GUARDED), REFUSED, one("row-older")),
    Attempt(ROLLS, "rows and state", puts_back(*STATE), REFUSED, one("state-row")),
    Attempt(
        ROLLS,
        "rows, state, counters",
        puts_back(*STATE, "journal_counter"),
        "JournalUnavailableError",
        one("state-row"),
    ),
    Attempt(
        ROLLS,
        "rows, state, counters, entries",
        puts_back(*STATE, "journal_counter", "journal_entry"),
        found=one("entry-missing"),
    ),
    Attempt(
        ROLLS, "the state row", saying("DELETE FROM guarded_state"), REFUSED, one("state-row")
    ),
    Attempt(OTHERS, "holder", saying("UPDATE holder SET created_at_ms = 1"), REFUSED, MAC),
    Attempt(OTHERS, "case", saying("UPDATE service_case SET opened_at_ms = 1"), REFUSED, MAC),
    Attempt(
        OTHERS, "client", saying("UPDATE oauth_client SET service_items = '[]'"), REFUSED, MAC
    ),
    Attempt(OTHERS, "department", saying("UPDATE department SET name_zh = 'x'"), REFUSED, MAC),
    Attempt(
        OTHERS, "policies", saying("UPDATE policy_pointer SET version = version + 1"), REFUSED, MAC
    ),
    Attempt(
        OTHERS,
        "signing keys",
        saying("UPDATE signing_key_set SET version = version + 1"),
        found=MAC,
    ),
)


@pytest.mark.chaos
@pytest.mark.parametrize("attempt", TABLE, ids=lambda one: f"{one.does}: {one.how}")
def test_what_somebody_with_the_database_does_is_refused_or_found(
    folder: Path, attempt: Attempt
) -> None:
    with capture_logs() as told, deployed(folder) as at:
        assert at.pull() == RELEASED
        attempt.act(at)
        pulled = at.pull()
        found = faults(verified(folder)) if pulled != FROZEN else set()

    sys.stdout.write(
        f"| {attempt.does} | {attempt.how} | {pulled} | {', '.join(sorted(found)) or '-'} |\n"
    )
    assert pulled == attempt.pulled
    assert not attempt.found or found & attempt.found
    if attempt.found & {"row-mac", "row-older", "state-row"} and pulled == REFUSED:
        assert any(line["log_level"] == "error" for line in told)
    if pulled == FROZEN:
        with pytest.raises(LogFrozenError), open_vault(folder):
            pass
