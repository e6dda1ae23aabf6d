"""Where rows lie: a holder's rows beside the head of their log (architecture: decision 9)."""

from sqlalchemy import Table, Text

from storage.tables import METADATA

BY_SECRET = {
    *("oauth_code", "oauth_access_token", "oauth_refresh_token"),
    *("oauth_async_request", "oauth_shown_code"),
    *("signin", "signin_attempt", "passkey_use", "blob_intent"),
}
"""Found by the keyed hash or random name that a caller presents; both columns stand beside it."""
OF_A_LOG = {
    *("log_head", "log_tile", "journal_entry", "journal_counter", "request_id"),
    "guarded_state",
    "witness_state",
}
"""A log's own rows, led by ``log_id`` alone: the head orders all holders of its shard."""
SHARED = {
    *("department", "department_key", "oauth_client", "policy_bundle", "policy_pointer"),
    "oauth_registration",
    *("schema_floor", "signing_key", "signing_key_set", "system_key", "vault_meta"),
}
"""Reference tables: every log reads them."""
SHORT_LIVED = {
    *("oauth_initial_token", "oauth_par", "oauth_interaction", "oauth_refusal", "oauth_replay"),
    *("signin_try", "signin_client", "openid_session", "outbox", "outgoing_call"),
    "passkey_challenge",
}
"""Protocol rows that belong to nobody yet."""
DAYS = ("valid_from", "valid_to", "served_until")
"""Exact days of validity stand in clear: decision 13 says why."""
IN_CLEAR = {
    "demand": {"kind", "state"},
    "developer": {"status"},
    "holder": {"kind", "state"},
    "holder_key": {"purpose", "state"},
    "holder_number": {"kind"},
    "mandate": {"status", "powers"},
    "notice": {"kind"},
    "oauth_grant": {
        *("client_id", "status", "details", "purpose", "item", "case_no", "shown_locale"),
    },
    "oauth_use": {"code"},
    "passkey": {"status", "attestation"},
    "oauth_subject": set(),
    "record": {"code", "status", "trust_grade", *DAYS},
    "record_file": {"object_key"},
    "record_key": {"state"},
    "record_version": {"code", "status", "trust_grade", *DAYS},
    "service_case": {"case_no", "item", "state"},
    "use_receipt": {"state"},
}
"""Text of a holder's rows that the database may read: codes and states, never a value."""


def leading(table: Table, count: int) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key.columns)[:count]


def test_every_table_of_holders_is_led_by_log_and_holder() -> None:
    exempt = BY_SECRET | OF_A_LOG | SHARED | SHORT_LIVED
    found = {name: leading(table, 2) for name, table in METADATA.tables.items()}

    assert {name: keys for name, keys in found.items() if name not in exempt} == {
        name: ("log_id", "holder_id") for name in found if name not in exempt
    }
    assert exempt <= set(found)


def test_exempt_tables_are_what_their_exemption_says() -> None:
    columns = {name: set(table.columns.keys()) for name, table in METADATA.tables.items()}

    assert {name for name in BY_SECRET if {"log_id", "holder_id"} <= columns[name]} == BY_SECRET
    assert {name for name in OF_A_LOG if leading(METADATA.tables[name], 1) == ("log_id",)} == (
        OF_A_LOG
    )
    assert {name for name in SHARED | SHORT_LIVED if "holder_id" in columns[name]} == set()


def test_a_holders_rows_hold_no_text_in_clear_but_codes_and_states() -> None:
    clear = {
        name: {column.name for column in table.columns if isinstance(column.type, Text)}
        for name, table in METADATA.tables.items()
        if leading(table, 2) == ("log_id", "holder_id")
    }

    assert clear == IN_CLEAR
