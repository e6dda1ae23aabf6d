"""What an address of a bucket may be, and what is said of one that is none."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.egress_settings import EgressSettings
from api.mtls_settings import MtlsSettings
from api.settings import S3Settings
from scripts.outcomes import settings_told

KEYS = Path("/run/keys")


def s3(address: str, **changes: object) -> S3Settings:
    return S3Settings.model_validate({"address": address, "credentials_file": KEYS} | changes)


def test_an_address_is_taken_apart() -> None:
    found = s3("https://store.example.org:9000/vault")

    assert (found.endpoint, found.bucket, found.secure) == (
        "store.example.org:9000",
        "vault",
        True,
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8333", "[::1]:8333", "localhost"])
def test_http_is_for_this_machine(host: str) -> None:
    assert not s3(f"http://{host}/vault").secure


def test_http_to_another_machine_has_to_be_asked_for() -> None:
    with pytest.raises(ValidationError, match="http is for a loopback address"):
        s3("http://store.example.org/vault")

    assert not s3("http://store.example.org/vault", plain_http=True).secure


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://access:hunter2@store.example.org/vault", "must not hold keys"),
        ("https://access@store.example.org/vault", "must not hold keys"),
        ("https://store.example.org/", "name of a bucket"),
        ("https://store.example.org", "https://host:port/bucket"),
        ("https://store.example.org/vault/deeper", "name of a bucket"),
        ("https://store.example.org/VAULT", "name of a bucket"),
        ("https://store.example.org/vault?x=hunter2", "nothing else"),
        ("https://store.example.org/vault#x", "nothing else"),
        ("s3://store.example.org/vault", "https://host:port/bucket"),
        ("https:///vault", "https://host:port/bucket"),
    ],
)
def test_what_is_no_address_is_refused_with_the_rule_and_never_repeated(
    address: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        s3(address)

    told = settings_told(refusal.value).text

    assert [words in text for text in (told.zh, told.en)] == [True, True]
    assert "hunter2" not in told.zh + told.en


def test_calls_go_to_networks_and_ports_that_are_listed() -> None:
    found = EgressSettings(networks="10.1.0.0/16, 127.0.0.1", ports="8443, 9443")

    assert (found.networks, found.ports) == ("10.1.0.0/16, 127.0.0.1", "8443, 9443")
    assert EgressSettings() == EgressSettings(networks=None, ports=None, ca_file=None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"networks": "10.0.0.0/33"},
        {"networks": "inside"},
        {"networks": "10.1.2.3/16"},
        {"ports": "0"},
        {"ports": "65536"},
        {"ports": "https"},
        {"ports": "-1"},
    ],
    ids=str,
)
def test_what_is_no_network_or_port_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        EgressSettings.model_validate(wrong)


@pytest.mark.parametrize(
    "alias",
    [
        "http://mtls.example.org",
        "https://mtls.example.org/",
        "https://mtls.example.org/oauth",
        "https://user@mtls.example.org",
        "https://",
        "mtls.example.org",
    ],
)
def test_certificates_are_asked_for_at_an_https_origin(alias: str) -> None:
    with pytest.raises(ValidationError, match="an https origin"):
        MtlsSettings.model_validate({"alias": alias})


def test_certificates_may_be_asked_for_at_a_port_of_its_own() -> None:
    assert MtlsSettings(alias="https://mtls.example.org:8443").authorities_file is None
