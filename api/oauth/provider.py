"""What every endpoint of the authorization server works with."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from api.limits import ClientLimits
from api.oauth.dpop import Nonces, ProofReader
from api.oauth.jose import KeyCache
from api.oauth.mtls import MutualTls
from api.oauth.secrets import Secrets
from api.oauth.signer import Signer
from api.oauth.statement import Registry
from vault.clock import MS
from vault.services import Vault
from vault.services.refuse_token import Misuse, refuse_token

KERNEL_LOGGER: Final = "authlib"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The collaborators, made once for a process.

    Attributes:
        origin: The issuer; every address is built from it, never from a header.
        keys: Imported public keys of clients and proofs.
        limits: How often clients and strangers may ask this process.
        signer: Signs our own JWTs; see ``api.oauth.signer``.
        registry: Whose software statements are taken; ``None`` takes no registrations.
        demo: Redirects to loopback are taken.
        mtls: What is turned on of client certificates.
        misuse: Lets the log know that somebody showed what is not good for them.
    """

    vault: Vault
    origin: str
    secrets: Secrets = field(repr=False)
    keys: KeyCache = field(repr=False)
    nonces: Nonces = field(repr=False)
    proofs: ProofReader = field(repr=False)
    limits: ClientLimits
    signer: Signer = field(repr=False)
    misuse: Callable[[Vault, Misuse], None]
    registry: Registry | None = None
    demo: bool = False
    mtls: MutualTls | None = None

    @classmethod
    def of(
        cls,
        vault: Vault,
        *,
        origin: str,
        limits: ClientLimits,
        misuse: Callable[[Vault, Misuse], None] = refuse_token,
        registry: Registry | None = None,
        demo: bool = False,
        mtls: MutualTls | None = None,
    ) -> Self:
        """Make them, and keep the kernel from logging what it issues."""
        logging.getLogger(KERNEL_LOGGER).setLevel(logging.WARNING)
        keys = KeyCache()
        nonces = Nonces(vault.secrets.keyed)
        return cls(
            vault=vault,
            origin=origin,
            secrets=vault.secrets,
            keys=keys,
            nonces=nonces,
            proofs=ProofReader(
                origin=origin, alias=mtls.alias if mtls else "", keys=keys, nonces=nonces
            ),
            limits=limits,
            signer=Signer(vault, origin=origin),
            registry=registry,
            demo=demo,
            mtls=mtls,
            misuse=misuse,
        )

    def url(self, path: str) -> str:
        """Return the address of ``path``."""
        return f"{self.origin}{path}"

    def now(self) -> int:
        """Return UTC seconds, as the protocols count them."""
        return self.vault.clock.now_ms() // MS
