"""One bucket of an S3 store, request by request, through the ``minio`` client alone.

Reading, looking and removing are the client's own calls. Its public interface has no single
parts and no conditions, but it signs any request as an address; what is written goes to such
addresses (ADR 0031). They are good for minutes and are never shown: connections are made with
``retries=False``, since urllib3 writes the addresses that it tries again into its log, and it is
hushed where it would write down the address of an answer that it cannot read.
"""

import logging
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import md5
from html import escape, unescape
from typing import Final, TypeVar, cast

from minio import Minio
from minio.error import S3Error, ServerError
from urllib3 import BaseHTTPResponse, PoolManager, Timeout

from storage.objects import checked
from storage.s3_credentials import S3Credentials
from storage.s3_failures import ObjectsAwayError, S3Failure, failure, transient

DEFAULT_REGION: Final = "us-east-1"
"""What stores without regions expect in a signature; a client without one would have to ask."""

TIMEOUT: Final = Timeout(connect=5, read=30)
"""Seconds; ``read`` is the longest silence, not the whole answer."""

NEW: Final[Mapping[str, str]] = {"If-None-Match": "*"}
"""The condition of every write: there is no such object yet (RFC 9110 s. 13.1.2)."""

_TELLING: Final = {"urllib3.connection": logging.ERROR, "urllib3.connectionpool": logging.INFO}
"""Loggers that name whole addresses below a level: of answers with broken headers, of requests."""

_SIGNED_FOR: Final = timedelta(minutes=15)
_OK: Final = range(200, 300)
_PARTIAL: Final = 206
_NOTHING: Final = b""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a request is sent again.

    Attributes:
        waits: Seconds before the second try, the third, and so on.
        enough: Seconds after which no further try begins.
    """

    waits: tuple[float, ...] = (0.1, 0.3, 0.6, 1.2)
    enough: float = 10.0


ONCE: Final = Patience(waits=())
PATIENT: Final = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """Where a bucket is.

    Attributes:
        endpoint: Host and port.
        secure: Whether it is reached by TLS.
    """

    endpoint: str
    bucket: str
    secure: bool = True
    region: str = DEFAULT_REGION


class S3Bucket:
    """Requests to one bucket; may be used from several threads, not across a fork.

    Every method raises ``StorageError`` with a sentence of its own when the store is away, full
    or refuses us; a request that may succeed later is sent again a few times before.
    """

    def __init__(
        self,
        place: S3Place,
        credentials: S3Credentials,
        *,
        connections: int,
        patience: Patience,
    ) -> None:
        """Connect to ``place`` when first asked; up to ``connections`` stay open afterwards."""
        for name, level in _TELLING.items():
            logging.getLogger(name).setLevel(level)
        self._bucket = place.bucket
        self._patience = patience
        self._http = PoolManager(maxsize=connections, retries=False, timeout=TIMEOUT)
        self._client = Minio(
            place.endpoint,
            access_key=credentials.access_key,
            secret_key=credentials.secret_key,
            secure=place.secure,
            region=place.region,
            http_client=self._http,
        )

    def put(self, object_key: str, body: bytes | bytearray) -> str | None:
        """Write a new object; return the version that the store gave it, ``None`` for none."""
        answer = self._write("PUT", object_key, body=body, headers={**NEW, **_digest(body)})
        return answer.headers.get("x-amz-version-id")

    def begin(self, object_key: str) -> str:
        """Begin an upload in parts; return its id."""
        answer = self._write("POST", object_key, query={"uploads": ""})
        return _text(answer, "UploadId")

    def part(
        self, object_key: str, body: bytes | bytearray, *, upload_id: str, number: int
    ) -> str:
        """Send one part, numbered from 1; return its ETag."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        answer = self._write("PUT", object_key, query=query, body=body, headers=_digest(body))
        return answer.headers.get("etag", "")

    def complete(self, object_key: str, etags: Sequence[str], *, upload_id: str) -> None:
        """Make one new object of the parts, in their order."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
            for number, etag in enumerate(etags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode("ascii")
        answer = self._write(
            "POST", object_key, query={"uploadId": upload_id}, body=body, headers=NEW
        )
        _text(answer, "ETag")  # An error may come as 200: the head left before the work was done.

    def abort(self, object_key: str, *, upload_id: str) -> None:
        """Drop the parts of an upload; tried once."""
        self._write("DELETE", object_key, query={"uploadId": upload_id}, patience=ONCE)

    def length(self, object_key: str, *, patience: Patience | None = None) -> int | None:
        """Return how many bytes an object has; ``None`` if there is none."""
        name = checked(object_key)
        try:
            found = self._tried(lambda: self._client.stat_object(self._bucket, name), patience)
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise failure(error) from error
        except S3Failure as error:
            raise failure(error) from error
        return found.size

    def read(self, object_key: str, *, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes, at least one, from ``offset``.

        Raises:
            IntegrityError: There is no such object.
        """
        name = checked(object_key)
        try:
            return self._tried(lambda: self._range(name, offset=offset, length=length))
        except S3Error as error:
            if error.code == "InvalidRange":  # It begins past the end, where there is nothing.
                return _NOTHING
            raise failure(error) from error
        except S3Failure as error:
            raise failure(error) from error

    def remove(self, object_key: str) -> None:
        """Remove an object; one that is not there is no error."""
        name = checked(object_key)
        try:
            self._tried(lambda: self._client.remove_object(self._bucket, name))
        except S3Failure as error:
            raise failure(error) from error

    def _range(self, name: str, *, offset: int, length: int) -> bytes:
        answer = self._client.get_object(self._bucket, name, offset=offset, length=length)
        with closing(answer):  # Half an answer: no other request may read on from there.
            if answer.status == _PARTIAL:
                found = answer.read()
                answer.release_conn()
                return found
        raise ServerError("the range was not kept to", answer.status)

    def _write(
        self,
        method: str,
        object_key: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | bytearray = _NOTHING,
        headers: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> BaseHTTPResponse:
        name = checked(object_key)

        def send() -> BaseHTTPResponse:
            url = self._client.get_presigned_url(
                method,
                self._bucket,
                name,
                expires=_SIGNED_FOR,
                extra_query_params=dict(query or {}),
            )
            answer = self._http.request(
                method,
                url,
                body=cast("bytes", body),  # Any buffer will do: the connection sends from it.
                headers=headers,
                redirect=False,
            )
            if answer.status not in _OK:
                raise _refusal(answer)
            return answer

        try:
            return self._tried(send, patience)
        except S3Failure as error:
            raise failure(error) from error

    def _tried(self, send: Callable[[], _T], patience: Patience | None = None) -> _T:
        """Return the answer of ``send``, which may be asked several times."""
        patience = patience or self._patience
        begun = time.monotonic()
        for wait in patience.waits:
            try:
                return send()
            except S3Failure as error:
                if not transient(error) or time.monotonic() - begun > patience.enough:
                    raise
                time.sleep(wait)
        return send()


def _digest(body: bytes | bytearray) -> dict[str, str]:
    """Return the header by which the store tells a body that was damaged on its way."""
    found = md5(body, usedforsecurity=False).digest()  # What S3 knows; it guards from accidents.
    return {"Content-MD5": b64encode(found).decode("ascii")}


def _refusal(answer: BaseHTTPResponse) -> S3Error | ServerError:
    """Return the client's own error for an answer that is none of success."""
    try:
        return S3Error.fromxml(answer)
    except (SyntaxError, UnicodeDecodeError):  # What the parser of XML raises is of the former.
        return ServerError("the object store answered without a reason", answer.status)


def _text(answer: BaseHTTPResponse, name: str) -> str:
    """Return the text of one element of an answer.

    Raises:
        ObjectsAwayError: It is not there.
    """
    found = re.search(rf"<{name}>([^<]+)</{name}>".encode("ascii"), answer.data)
    if found is None:
        raise ObjectsAwayError("the object store answered, and not what was asked")
    return unescape(found[1].decode("utf-8"))
