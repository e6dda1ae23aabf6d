"""Who asks for passkeys: the issuer's host, and the makers in the operator's list."""

from pathlib import Path

import pytest

from api.passkey_settings import PasskeySettings
from api.passkeys import MAX_MAKERS, levels_of, relying_party
from api.settings import KeySettings, RootProvider, Settings
from tests.support.authenticator import Maker
from vault.clients.levels import AAL1, AAL2, AAL3
from vault.errors import InvalidInputError

ROOT = Maker().root_pem


def settings(folder: Path, *, issuer: str, makers: bytes | None = None) -> Settings:
    path = folder / "makers.pem"
    if makers is not None:
        path.write_bytes(makers)
    return Settings(
        data=folder,
        state=folder,
        issuer=issuer,
        keys=KeySettings(provider=RootProvider.FILE, root_key_file=folder / "key"),
        passkeys=None if makers is None else PasskeySettings(makers_file=path),
        demo=True,
    )


@pytest.mark.parametrize(
    ("issuer", "makers", "levels"),
    [
        ("http://127.0.0.1:8765", None, (AAL1,)),
        ("http://127.0.0.1:8765", ROOT, (AAL1,)),
        ("http://localhost:8765", None, (AAL1, AAL2)),
        ("https://space.example.org", None, (AAL1, AAL2)),
        ("https://space.example.org", ROOT, (AAL1, AAL2, AAL3)),
    ],
)
def test_a_level_is_offered_where_somebody_can_reach_it(
    tmp_path: Path, issuer: str, makers: bytes | None, levels: tuple[str, ...]
) -> None:
    party = relying_party(settings(tmp_path, issuer=issuer, makers=makers))

    assert levels_of(party) == levels


def test_the_makers_of_the_list_are_trusted(tmp_path: Path) -> None:
    other = Maker().root_pem

    party = relying_party(
        settings(tmp_path, issuer="https://space.example.org", makers=ROOT + other)
    )

    assert party is not None
    assert party.roots == (ROOT, other)
    assert "CERTIFICATE" not in repr(party)


@pytest.mark.parametrize("makers", [b"", b"no PEM", ROOT * (MAX_MAKERS + 1)])
def test_a_list_that_cannot_be_used_stops_the_start(tmp_path: Path, makers: bytes) -> None:
    with pytest.raises(InvalidInputError):
        relying_party(settings(tmp_path, issuer="https://space.example.org", makers=makers))


def test_a_list_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    asked = settings(tmp_path, issuer="https://space.example.org", makers=ROOT)
    (tmp_path / "makers.pem").unlink()

    with pytest.raises(InvalidInputError):
        relying_party(asked)
