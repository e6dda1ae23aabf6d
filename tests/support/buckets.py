"""Buckets of the real object store, as the vault and as their owner see them."""

from collections.abc import Iterator

import pytest

from scripts.local.seaweedfs import Login, SeaweedFS, seaweedfs
from storage.objects_s3 import S3Objects
from storage.s3_bucket import PATIENT, Patience, S3Bucket, S3Place
from storage.s3_credentials import S3Credentials
from tests.support.front import Front, front

HASTY = Patience(waits=(0.02, 0.05))
"""For tests that wait for a store that does not come back."""


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """Return a real object store; every test makes a bucket of its own in it."""
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as opened:
        yield opened


@pytest.fixture
def gate(seaweed: SeaweedFS) -> Iterator[Front]:
    """Return a front before the store, which may do harm to requests."""
    with front(seaweed.port) as opened:
        yield opened


@pytest.fixture
def bucket(seaweed: SeaweedFS) -> str:
    """Return the name of a new bucket."""
    return seaweed.make_bucket()


def bucket_in(
    seaweed: SeaweedFS,
    *,
    name: str | None = None,
    login: Login | None = None,
    endpoint: str | None = None,
    patience: Patience = PATIENT,
) -> S3Bucket:
    """Return a bucket, a new one if none is named, as the vault reaches it."""
    login = login or seaweed.vault
    place = S3Place(
        endpoint=endpoint or seaweed.endpoint, bucket=name or seaweed.make_bucket(), secure=False
    )
    keys = S3Credentials(access_key=login.access_key, secret_key=login.secret_key)
    return S3Bucket(place, keys, connections=8, patience=patience)


def objects_in(seaweed: SeaweedFS) -> S3Objects:
    """Return a place for sealed files in a new bucket."""
    return S3Objects(bucket_in(seaweed))


def names_in(seaweed: SeaweedFS, bucket: str) -> list[str]:
    """Return what lies in a bucket, as its owner sees it."""
    found = seaweed.client().list_objects(bucket, recursive=True)
    return [str(one.object_name) for one in found]
