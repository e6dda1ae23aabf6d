"""What is taken from the kernel, and what never is."""

import re
from pathlib import Path

from api.oauth import kernel
from api.oauth.models import KernelClient, KernelRequest
from api.oauth.server import Server
from tests.support.oauth_world import World, client

PACKAGE = Path(kernel.__file__).parent


def test_only_one_module_touches_the_kernel_and_names_all_that_it_takes() -> None:
    importing = {
        path.name
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(from|import) authlib", path.read_text(), re.MULTILINE)
    }

    assert importing == {"kernel.py"}
    assert sorted(kernel.__all__) == kernel.__all__


def test_d09_d10_d11_d16_classes_that_cannot_be_made_safe_are_not_taken() -> None:
    refused = ("rfc9068", "rfc9101", "rfc9207", "rfc7591", "rfc7592", "Implicit", "ResourceOwner")

    text = (PACKAGE / "kernel.py").read_text()

    assert [name for name in refused if name in text] == []


def test_no_stock_class_is_registered() -> None:
    stock = {name for name in dir(kernel) if name.endswith(("Grant", "Endpoint"))}

    registered = {
        found
        for path in PACKAGE.rglob("*.py")
        for found in re.findall(r"register_(?:grant|endpoint)\((\w+)", path.read_text())
    }

    assert registered == {
        *("CodeGrant", "RefreshGrant", "RegistryGrant", "DeviceGrant", "CibaGrant"),
        *("Revocation", "Introspection"),
    }
    assert registered & stock == set()


def test_d21_the_kernel_sees_addresses_of_the_issuer_alone(world: World) -> None:
    with world.memory.work() as tx:
        request = Server(provider=world.provider, tx=tx, now=0).request("/oauth/token", params={})

    assert request.uri == "https://space.example.org/oauth/token"
    assert (request.args, request.form, request.headers) == ({}, {}, {})


def test_a_client_has_no_secret_no_default_redirect_and_one_method() -> None:
    found = KernelClient(client("licensing"))

    assert not found.check_client_secret("")
    assert not found.check_endpoint_auth_method("none", "token")
    assert not found.check_endpoint_auth_method("client_secret_basic", "token")
    assert found.check_endpoint_auth_method("private_key_jwt", "token")
    assert not found.check_response_type("token")
    assert found.get_client_id() == "licensing"


def test_a_kernel_without_a_proven_client_knows_nobody(world: World) -> None:
    with world.memory.work() as tx:
        server = Server(provider=world.provider, tx=tx, now=0)
        unknown = server.query_client("nobody")
        known = server.query_client("licensing")
        proven = server._proven_client(None, KernelRequest(uri="https://x", params={}))  # noqa: SLF001

    assert (unknown, proven) == (None, None)
    assert known is not None
    assert known.client.client_id == "licensing"
