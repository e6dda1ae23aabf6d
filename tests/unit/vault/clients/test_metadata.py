"""What a client says of itself comes back from its column as it was."""

import pytest

from vault.clients.metadata import AuthMethod, ClientMetadata
from vault.errors import IntegrityError


def test_what_stands_at_its_default_is_left_out() -> None:
    assert ClientMetadata().to_json() == "{}"
    assert ClientMetadata.from_json("{}") == ClientMetadata()


def test_every_member_comes_back() -> None:
    whole = ClientMetadata(
        auth_method=AuthMethod.TLS,
        tls_subject="tls_client_auth_san_dns=client.example.org",
        tls_thumbprints=("A" * 43,),
        post_logout_redirect_uris=("https://client.example.org/bye",),
        backchannel_logout_uri="https://client.example.org/logout",
        ciba_notification_uri="https://client.example.org/ping",
        id_token_alg="PS256",  # noqa: S106 - the name of an algorithm
        location="政务服务中心一楼",
        software_id="software",
        software_version="1.2",
    )

    assert ClientMetadata.from_json(whole.to_json()) == whole


@pytest.mark.parametrize("text", ["", "[]", '{"unknown":"x"}', '{"auth_method":"none"}'])
def test_other_text_is_damage(text: str) -> None:
    with pytest.raises(IntegrityError, match="metadata of a client"):
        ClientMetadata.from_json(text)
