import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.crypto import VAULT_ID, fixed
from vault.crypto import contexts
from vault.crypto.contexts import Context
from vault.crypto.keyring import Keyring
from vault.crypto.providers import (
    DEFAULT_N,
    MAX_N,
    MIN_N,
    FileProvider,
    PassphraseProvider,
    ScryptParameters,
    create_key_file,
)
from vault.crypto.roots import Health, KeyProvider, Root
from vault.crypto.suites import Suite
from vault.errors import ConflictError, IntegrityError, InvalidInputError, KeyUnavailableError

if TYPE_CHECKING:
    from vault.crypto.keys import WrappedKey

PHRASE = b"synthetic passphrase"
SALT = bytes(range(16))
Make = Callable[[], KeyProvider]


def passphrase(phrase: bytes = PHRASE) -> PassphraseProvider:
    """Return a provider at the lowest legal cost."""
    return PassphraseProvider(phrase, random=os.urandom, n=MIN_N)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "root.key"
    create_key_file(path, random=os.urandom)
    return path


def from_file(path: Path) -> FileProvider:
    return FileProvider(path, random=os.urandom)


def context_of(root: Root, *, suite: Suite = Suite.AES_256_GCM, version: int = 1) -> Context:
    return contexts.vault_key(
        suite=suite,
        vault_id=VAULT_ID,
        version=version,
        provider_kind=root.kind,
        provider_key_id=root.key_id,
        provider_parameters=root.parameters,
    )


@pytest.fixture(params=["passphrase", "file"])
def make(request: pytest.FixtureRequest, key_file: Path) -> Make:
    """Every provider: two calls give two objects on the same root key."""
    return passphrase if request.param == "passphrase" else lambda: from_file(key_file)


def test_another_process_with_the_same_root_key_unwraps(make: Make) -> None:
    first = make()
    root = first.root()
    wraps = [
        first.wrap(b"vault key", root=root, context=context_of(root, suite=suite))
        for suite in Suite
    ]

    second = make()
    opened = [
        second.unwrap(wrap, root=root, context=context_of(root, suite=suite))
        for wrap, suite in zip(wraps, Suite, strict=True)
    ]

    assert opened == [b"vault key", b"vault key"]
    assert second.root() == root
    assert second.health().ok
    assert second.capabilities == {"wrap"}


def test_a_wrap_is_bound_to_its_context_and_root(make: Make) -> None:
    provider = make()
    root = provider.root()
    wrap = provider.wrap(b"vault key", root=root, context=context_of(root))

    with pytest.raises(IntegrityError):
        provider.unwrap(wrap, root=root, context=context_of(root, version=2))
    with pytest.raises(IntegrityError):
        provider.unwrap(wrap[:-1], root=root, context=context_of(root))
    for other in (root._replace(kind="other"), root._replace(key_id="0" * 16)):
        with pytest.raises(KeyUnavailableError):
            provider.unwrap(wrap, root=other, context=context_of(other))


@pytest.mark.parametrize("suite", Suite)
def test_a_keyring_opens_again_with_its_provider(make: Make, suite: Suite) -> None:
    ring, rows = Keyring.create(
        make(), vault_id=VAULT_ID, suite=suite, random=os.urandom, monotonic=lambda: 0.0
    )
    pepper = ring.new_service_key("pepper")

    again = Keyring.open(
        make(), vault_id=VAULT_ID, rows=rows, random=os.urandom, monotonic=lambda: 0.0
    )

    assert again.service_key(pepper).reveal() == ring.service_key(pepper).reveal()


def test_a_wrong_passphrase_is_told_from_a_damaged_row() -> None:
    provider = passphrase()
    root = provider.root()
    wrap = provider.wrap(b"vault key", root=root, context=context_of(root))

    with pytest.raises(KeyUnavailableError, match="passphrase"):
        passphrase(b"another").unwrap(wrap, root=root, context=context_of(root))


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        passphrase(b"")


def test_a_passphrase_is_derived_once_for_each_salt() -> None:
    provider = PassphraseProvider(PHRASE, random=fixed(SALT), n=MIN_N)

    first, second = provider.root(), provider.root()

    assert first is not second
    assert first == second
    assert first.parameters == f"scrypt,n=131072,r=8,p=1,salt={SALT.hex()}"


def test_the_default_cost_is_a_quarter_of_a_gibibyte() -> None:
    assert DEFAULT_N * 8 * 128 == 256 << 20


@pytest.mark.parametrize("n", [MIN_N, DEFAULT_N, MAX_N])
def test_parameters_are_written_and_read(n: int) -> None:
    parameters = ScryptParameters(n=n, salt=SALT)

    assert ScryptParameters.parse(parameters.encode()) == parameters


@pytest.mark.parametrize(
    ("n", "salt"),
    [
        (0, SALT),
        (1, SALT),
        (MIN_N // 2, SALT),
        (MIN_N + 1, SALT),
        (MAX_N * 2, SALT),
        (MIN_N, SALT[:-1]),
        (MIN_N, SALT + b"\0"),
    ],
)
def test_a_cost_out_of_bounds_is_refused_before_any_work(n: int, salt: bytes) -> None:
    with pytest.raises(IntegrityError):
        ScryptParameters(n=n, salt=salt)


@pytest.mark.parametrize(
    "change",
    [
        ("n=131072", "n=65536"),
        ("n=131072", "n=2097152"),
        ("n=131072", "n=-131072"),
        ("n=131072", "n=\uff10"),
        ("r=8", "r=1"),
        ("p=1", "p=2"),
        ("scrypt", "argon2id"),
        (SALT.hex(), SALT.hex().upper()),
        (SALT.hex(), SALT.hex()[2:]),
        (SALT.hex(), SALT.hex() + "\n"),
    ],
)
def test_a_row_cannot_make_a_passphrase_cheaper_or_dearer(change: tuple[str, str]) -> None:
    text = ScryptParameters(n=MIN_N, salt=SALT).encode().replace(*change)
    root = Root("passphrase", "0" * 16, text)

    with pytest.raises(IntegrityError):
        passphrase().unwrap(bytes(104), root=root, context=context_of(root))


def test_a_legal_cost_that_is_not_its_own_does_not_open_a_wrap() -> None:
    provider = passphrase()
    root = provider.root()
    row = provider.wrap(b"vault key", root=root, context=context_of(root))
    dearer = root._replace(parameters=root.parameters.replace("131072", "262144"))

    with pytest.raises(KeyUnavailableError):
        provider.unwrap(row, root=dearer, context=context_of(dearer))


def test_a_key_file_is_32_bytes_for_its_owner_alone(key_file: Path) -> None:
    assert len(key_file.read_bytes()) == 32
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert from_file(key_file).health() == Health(
        ok=True, detail="the key file is readable and ours alone"
    )


def test_a_key_file_is_never_overwritten(key_file: Path) -> None:
    before = key_file.read_bytes()

    with pytest.raises(ConflictError):
        create_key_file(key_file, random=os.urandom)

    assert key_file.read_bytes() == before


def test_a_key_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConflictError):
        create_key_file(tmp_path / "link", random=os.urandom)

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o666])
def test_a_key_file_that_others_may_use_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)

    with pytest.raises(KeyUnavailableError, match="0600"):
        from_file(key_file).root()


def test_a_read_only_key_file_is_accepted(key_file: Path) -> None:
    key_file.chmod(0o400)

    assert from_file(key_file).health().ok


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_file_of_another_length_is_refused(key_file: Path, length: int) -> None:
    key_file.write_bytes(bytes(length))

    with pytest.raises(KeyUnavailableError, match="32 bytes"):
        from_file(key_file).root()


def test_a_key_file_of_another_user_is_refused(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: key_file.stat().st_uid + 1)

    with pytest.raises(KeyUnavailableError, match="another user"):
        from_file(key_file).root()


def test_a_missing_key_file_is_said_without_its_path(tmp_path: Path) -> None:
    assert from_file(tmp_path / "none").health() == Health(
        ok=False, detail="the key file cannot be read"
    )


def test_a_link_or_a_folder_is_no_key_file(key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(key_file)

    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(KeyUnavailableError):
            from_file(path).root()


def test_the_previous_slot_opens_what_it_wrapped(key_file: Path) -> None:
    old = from_file(key_file)
    old_root = old.root()
    wrap = old.wrap(b"vault key", root=old_root, context=context_of(old_root))

    key_file.rename(key_file.with_name("root.key.previous"))
    create_key_file(key_file, random=os.urandom)
    new = from_file(key_file)

    assert new.root() != old_root
    assert new.unwrap(wrap, root=old_root, context=context_of(old_root)) == b"vault key"


def test_a_vault_of_another_root_key_is_not_opened(key_file: Path) -> None:
    ring_rows: tuple[WrappedKey, ...]
    _, ring_rows = Keyring.create(
        from_file(key_file),
        vault_id=VAULT_ID,
        suite=Suite.AES_256_GCM,
        random=os.urandom,
        monotonic=lambda: 0.0,
    )
    key_file.unlink()
    create_key_file(key_file, random=os.urandom)

    for rows in (ring_rows, (replace(ring_rows[0], name=from_file(key_file).root().name),)):
        with pytest.raises((KeyUnavailableError, IntegrityError)):
            Keyring.open(
                from_file(key_file),
                vault_id=VAULT_ID,
                rows=rows,
                random=os.urandom,
                monotonic=lambda: 0.0,
            )
