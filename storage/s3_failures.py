"""What an answer of an S3 store means to the vault: one mapping, so that no client error leaves.

The sentences reach callers and operators alike; they name no address, bucket or object.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, NameResolutionError, SSLError

from storage.failures import NoRoomError
from storage.objects import gone
from vault.errors import StorageError, VaultError

S3Failure: Final = (MinioException, HTTPError)
"""What the client and the connections below it raise, and what ``failure`` takes."""

TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""


class ObjectsRefusedError(StorageError):
    """The object store answers, and not as it must: the operator has something to mend."""


class ObjectsAwayError(StorageError):
    """The object store does not answer; it may be back at any moment."""


_REGION: Final = "the object store is in another region than the one that is set"
_REFUSALS: Final = {
    "NoSuchBucket": "the object store has no such bucket",
    "AccessDenied": "the object store denies access: the key must be allowed to read, write and "
    "remove objects of the bucket",
    "InvalidAccessKeyId": "the object store does not know the access key",
    "SignatureDoesNotMatch": "the object store does not accept the secret key",
    "RequestTimeTooSkewed": "the object store's clock and ours are too far apart",
    "AuthorizationHeaderMalformed": _REGION,
    "AuthorizationQueryParametersError": _REGION,
    "PermanentRedirect": _REGION,
    "Redirect": _REGION,
}
_LOST: Final = {
    "PreconditionFailed": "the object store has such an object already",
    "NoSuchUpload": "the object store has forgotten an upload that was under way",
    "BadDigest": "a part of a sealed file was damaged on its way: nothing was kept",
}
_FULL: Final = "the object store is full: nothing was kept"
_CODES: Final[Mapping[str | None, Callable[[], VaultError]]] = {
    "NoSuchKey": gone,
    **{code: partial(ObjectsRefusedError, told) for code, told in _REFUSALS.items()},
    **{code: partial(StorageError, told) for code, told in _LOST.items()},
    **dict.fromkeys(
        ("QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity"), partial(NoRoomError, _FULL)
    ),
}
_KINDS: Final[Mapping[type[Exception], tuple[type[StorageError], str]]] = {
    SSLError: (
        ObjectsRefusedError,
        "the object store's certificate is not one that this machine believes",
    ),
    NameResolutionError: (ObjectsRefusedError, "the object store's name leads to no address"),
    InvalidResponseError: (
        ObjectsAwayError,
        "what answers is no object store, or one that cannot answer now",
    ),
    MinioException: (ObjectsAwayError, "the object store is there, and cannot serve us now"),
    HTTPError: (ObjectsAwayError, "the object store does not answer"),
}
"""The first that fits: what is more special stands before what is more general."""


def failure(error: Exception) -> VaultError:
    """Return what to raise for an error of the client; raise the result ``from`` it."""
    if isinstance(error, S3Error) and error.code in _CODES:
        return _CODES[error.code]()
    if isinstance(error, S3Error | ServerError) and not transient(error):
        return StorageError("the object store does not take what is asked")
    kind, sentence = next(told for known, told in _KINDS.items() if isinstance(error, known))
    return kind(sentence)


def transient(error: Exception) -> bool:
    """Say whether the same request may succeed when it is sent again."""
    match error:
        case S3Error():
            return error.response.status in TRANSIENT
        case ServerError():
            return error.status_code in TRANSIENT
        case SSLError():
            return False
        case _:
            return isinstance(error, InvalidResponseError | HTTPError)
