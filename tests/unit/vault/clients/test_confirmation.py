import pytest

from vault.clients.confirmation import Confirmation, Holding

PRINT = "x" * 43


@pytest.mark.parametrize(
    ("cnf", "text", "told", "token_type"),
    [
        (Confirmation.key(PRINT), PRINT, {"jkt": PRINT}, "DPoP"),
        (
            Confirmation.certificate(PRINT),
            f"x5t#S256:{PRINT}",
            {"x5t#S256": PRINT},
            "Bearer",
        ),
    ],
)
def test_a_key_or_a_certificate_is_stored_and_told_by_its_thumbprint(
    cnf: Confirmation, text: str, told: dict[str, str], token_type: str
) -> None:
    assert (cnf.text, cnf.to_json(), cnf.token_type) == (text, told, token_type)
    assert Confirmation.of(text) == cnf


def test_a_key_and_a_certificate_of_one_thumbprint_are_not_the_same() -> None:
    assert Confirmation(Holding.KEY, PRINT) != Confirmation(Holding.CERTIFICATE, PRINT)
