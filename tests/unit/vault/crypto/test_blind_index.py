import pytest

from tests.support.crypto import VAULT_ID, VECTORS
from vault.crypto.blind_index import blind_index
from vault.crypto.keys import ServiceKey
from vault.crypto.suites import Suite
from vault.errors import InvalidInputError

KNOWN = VECTORS["blind_index"]
SECRET = bytes.fromhex(KNOWN["key"])
NUMBER = "11010519491231002X"


def index_of(
    *,
    suite: Suite = Suite.AES_256_GCM,
    secret: bytes = SECRET,
    vault_id: bytes = VAULT_ID,
    kind: str = "cn.id_number",
    version: int = 1,
    value: str = NUMBER,
) -> str:
    key = ServiceKey(secret, suite=suite)
    return blind_index(key, vault_id=vault_id, kind=kind, version=version, value=value).hex()


@pytest.mark.parametrize("answer", KNOWN["answers"])
@pytest.mark.parametrize(
    ("suite", "field"), [(Suite.AES_256_GCM, "hmac_sha256"), (Suite.SM4_GCM, "hmac_sm3")]
)
def test_an_index_is_the_known_answer(answer: dict[str, str], suite: Suite, field: str) -> None:
    found = index_of(
        suite=suite,
        kind=answer["type_label_text"],
        version=int(answer["version"]),
        value=answer["value_text"],
    )

    assert found == answer[field]


@pytest.mark.parametrize("value", [*KNOWN["must_refuse_text"], "", NUMBER + "\n", "A" * 65])
def test_what_is_no_strict_value_is_refused(value: str) -> None:
    with pytest.raises(InvalidInputError):
        index_of(value=value)


def test_everything_but_the_number_changes_the_index_too() -> None:
    found = {
        index_of(),
        index_of(suite=Suite.SM4_GCM),
        index_of(secret=bytes(32)),
        index_of(vault_id=bytes(16)),
        index_of(kind="uscc"),
        index_of(version=2),
        index_of(value="110105194912310021"),
    }

    assert len(found) == 7
