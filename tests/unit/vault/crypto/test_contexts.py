import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.crypto import HOLDER_ID, RECORD_ID, VAULT_ID, VECTORS, blob_context
from vault.crypto import contexts
from vault.crypto.contexts import Context, Purpose
from vault.crypto.suites import Suite
from vault.errors import IntegrityError

FIELDS = {
    "record-blob": "suite vault_id holder_id record_id version code",
    "record-file": "suite vault_id holder_id record_id version code number",
    "record-key": "suite vault_id holder_id data_key_version record_id version",
    "holder-data-key": "suite vault_id holder_id version vault_key_version",
    "holder-journal-key": "suite vault_id holder_id version vault_key_version",
    "holder-tag-key": "suite vault_id holder_id journal_key_version",
    "department-tag-key": "suite vault_id department_id version vault_key_version",
    "vault-key": "suite vault_id version provider_kind provider_key_id provider_parameters",
    "service-key": "suite vault_id name version vault_key_version",
    "audit-payload": "suite vault_id holder_ref actor_number entry_id",
    "decision-inputs": "suite vault_id holder_ref actor_number entry_id",
    "holder-profile": "suite vault_id holder_id version",
    "outbox": "suite vault_id message_id",
    "protocol": "suite vault_id request_id",
    "signing-key": "suite vault_id kid vault_key_version",
}
EXAMPLES: dict[type, Any] = {Suite: Suite.AES_256_GCM, bytes: bytes(16), int: 1, str: "x"}


def maker(purpose: Purpose) -> Callable[..., Context]:
    found: Callable[..., Context] = getattr(contexts, purpose.replace("-", "_"))
    return found


def example(purpose: Purpose) -> dict[str, Any]:
    parameters = inspect.signature(maker(purpose)).parameters.values()
    return {p.name: EXAMPLES[p.annotation] for p in parameters}


def encoded(value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(8, "big")
    return value.encode() if isinstance(value, str) else value


def decoded(context: Context) -> list[bytes]:
    rest, found = context.bytes.removeprefix(b"cv1"), []
    while rest:
        length = int.from_bytes(rest[:2], "big")
        found.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    return found


def test_every_purpose_has_the_field_list_of_the_format_page() -> None:
    lists = {p.value: " ".join(inspect.signature(maker(p)).parameters) for p in Purpose}

    assert lists == FIELDS


@pytest.mark.parametrize("purpose", Purpose)
def test_a_context_holds_purpose_then_fields_in_order(purpose: Purpose) -> None:
    values = example(purpose)

    context = maker(purpose)(**values)

    expected = [purpose.encode(), *[encoded(value) for value in values.values()]]
    assert (context.purpose, context.suite) == (purpose, Suite.AES_256_GCM)
    assert decoded(context) == expected


@pytest.mark.parametrize("purpose", Purpose)
def test_every_field_changes_the_context(purpose: Purpose) -> None:
    values = example(purpose)
    others = {Suite: Suite.SM4_GCM, bytes: b"\1" * 16, int: 2, str: "y"}

    changed = {
        maker(purpose)(**{**values, name: others[type(value)]}).bytes
        for name, value in values.items()
    }

    assert len(changed | {maker(purpose)(**values).bytes}) == len(values) + 1


def test_no_two_purposes_make_the_same_context() -> None:
    assert len({maker(p)(**example(p)).bytes for p in Purpose}) == len(Purpose)


def test_a_context_is_the_known_answer() -> None:
    assert blob_context(Suite.AES_256_GCM).bytes.hex() == VECTORS["context"]["bytes"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_context_of_a_wrap_is_the_known_answer(number: int) -> None:
    context = contexts.record_key(
        suite=Suite(number),
        vault_id=VAULT_ID,
        holder_id=HOLDER_ID,
        data_key_version=3,
        record_id=RECORD_ID,
        version=7,
    )

    assert context.bytes.hex() == VECTORS["wrap"][f"suite_{number}"]["context"]


@pytest.mark.parametrize("request_id", [b"", bytes(15), bytes(17)])
def test_an_id_of_another_length_is_refused(request_id: bytes) -> None:
    with pytest.raises(IntegrityError):
        contexts.protocol(suite=Suite.AES_256_GCM, vault_id=VAULT_ID, request_id=request_id)


@pytest.mark.parametrize("version", [-1, 1 << 64])
def test_a_number_out_of_range_is_refused(version: int) -> None:
    with pytest.raises(IntegrityError):
        blob_context(Suite.AES_256_GCM, version=version)


def test_a_text_of_255_bytes_is_the_longest() -> None:
    assert contexts.fields("汉" * 85).endswith("汉".encode())
    with pytest.raises(IntegrityError):
        contexts.fields("汉" * 86)


@pytest.mark.parametrize(
    ("purpose", "suite", "text"),
    [
        ("record-blob-2", Suite.AES_256_GCM, contexts.fields("record-blob-2", 1)),
        (Purpose.OUTBOX, 3, contexts.fields("outbox", 3)),
        (Purpose.OUTBOX, Suite.AES_256_GCM, contexts.fields("protocol", 1)),
        (Purpose.OUTBOX, Suite.AES_256_GCM, contexts.fields("outbox", 2)),
        (Purpose.OUTBOX, Suite.AES_256_GCM, b""),
    ],
)
def test_an_unknown_purpose_or_suite_makes_no_context(
    purpose: Purpose, suite: Suite, text: bytes
) -> None:
    with pytest.raises(IntegrityError):
        Context(purpose=purpose, suite=suite, bytes=text)


def test_a_maker_refuses_an_unknown_suite() -> None:
    unknown: Any = 3

    with pytest.raises(IntegrityError):
        blob_context(unknown)
