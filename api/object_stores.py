"""Where the sealed files lie, as the settings say."""

from typing import Final

from api.settings import Settings
from storage.objects import ObjectStore
from storage.objects_folder import FolderObjects
from storage.objects_s3 import open_objects
from storage.s3_bucket import S3Place
from vault.ids import RandomBytes

FILES: Final = "files"
"""Folder of the sealed files, in the data folder; unless they lie in a bucket."""


def objects_of(settings: Settings, *, random: RandomBytes) -> ObjectStore:
    """Return where the sealed files lie; a bucket is tried first.

    Raises:
        StorageError: The bucket cannot be used; the message says why.
    """
    if settings.s3 is None:
        return FolderObjects(settings.data / FILES)
    return open_objects(
        S3Place(
            endpoint=settings.s3.endpoint,
            bucket=settings.s3.bucket,
            secure=settings.s3.secure,
            region=settings.s3.region,
        ),
        credentials_file=settings.s3.credentials_file,
        requests=settings.limits.request_threads,
        random=random,
    )
