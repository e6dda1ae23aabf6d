"""What the authorization server hands out: each secret by its prefix."""

from typing import Final

from vault.crypto.secrets import SEALING, Secrets

__all__ = [
    "ACCESS_TOKEN",
    "AUTHORIZATION_CODE",
    "AUTH_REQ_ID",
    "BROWSER",
    "DEVICE_CODE",
    "PUSHED_REQUEST",
    "REFRESH_TOKEN",
    "REQUEST_ID_BYTES",
    "SEALING",
    "Secrets",
]

REQUEST_ID_BYTES: Final = 16
"""How much of a request's hash names it where an id is needed."""

ACCESS_TOKEN: Final = "vat_"  # noqa: S105 - a prefix, not a secret
AUTHORIZATION_CODE: Final = "vco_"
AUTH_REQ_ID: Final = "vcb_"
DEVICE_CODE: Final = "vdc_"
PUSHED_REQUEST: Final = "vpr_"
REFRESH_TOKEN: Final = "vrt_"  # noqa: S105 - a prefix, not a secret
BROWSER: Final = "vbr_"
