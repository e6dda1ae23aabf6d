"""Keys that hints are sealed to; a program that does not know them reads no keys at all."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from storage.migrations.widening import widen
from vault.errors import StorageError

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None

OLDEST: Final = "0012"


def upgrade() -> None:
    """Let two CHECKs admit more (expand)."""
    purposes = "'id_token', 'jarm', 'introspection', 'logout', 'userinfo'"
    widen(
        "signing_key",
        "ck_signing_key_purpose",
        before=f"purpose IN ({purposes})",
        after=f"purpose IN ({purposes}, 'hint')",
    )
    widen(
        "signing_key",
        "ck_signing_key_alg",
        before="alg IN ('ES256', 'PS256', 'Ed25519')",
        after="alg IN ('ES256', 'PS256', 'Ed25519', 'ECDH-ES+A256KW')",
    )
    op.get_bind().execute(sa.text("UPDATE schema_floor SET oldest = :oldest"), {"oldest": OLDEST})


def downgrade() -> None:
    """Refuse: data are not taken back to an older schema."""
    raise StorageError("there is no way back to an older schema; restore a backup instead")
