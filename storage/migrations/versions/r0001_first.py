"""The first schema."""

from storage.migrations.first import journal, oauth, records, registry, signins, spaces
from vault.errors import StorageError

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create every table, index and trigger."""
    for part in (spaces, records, registry, oauth, signins, journal):
        part.create()


def downgrade() -> None:
    """Refuse: data are not taken back to nothing."""
    raise StorageError("there is no older schema; restore a backup instead")
