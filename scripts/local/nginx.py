"""Debian's nginx in front of several servers of ours, as a reverse proxy in production would be.

The text of its configuration is also that of ``docs/operations/containers``.

What it is told, and why:

- Bodies pass through and never meet a disk: evidence in clear text is nobody's temporary file.
- A request is tried at another server when one could not be reached, and when one hung up on it;
  but then no POST (no ``non_idempotent``), and no body that has begun to leave. A pull that is
  sent twice carries the same proof of possession, which counts once.
- Connections to the servers are kept, for less time than the servers keep them: a connection
  that they close at that very moment would fail a request that may not be repeated.
- Whom the request came from is what nginx sees, and so is the certificate that the caller has.
  What the client claims about either is dropped.
- Departments that prove themselves by certificate come to a host of their own, the alias: at the
  main one nobody is asked for a certificate, and browsers do not wonder. Whom a certificate
  stands for is our servers' business (``optional_no_ca``); that the caller has its key, nginx
  has seen. One that is out of date is dropped like none, and our servers say what they think of
  that.
"""

import os
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from api.proxies import CERTIFICATE
from scripts.local.accounts import account, check_reachable, own
from scripts.local.process import HOST, Process, answers, free_port
from scripts.outcomes import Exit, OperatorError

PLACES: Final = (os.defpath, "/usr/local/sbin", "/usr/sbin", "/sbin")
MOST_BODY_MIB: Final = 110
"""A little more than ``max_file_bytes``: our own servers refuse first, with a problem document."""

_CONFIGURATION: Final = """\
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    server_tokens off;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;

    upstream vault {{
        zone vault 128k;
{servers}
        keepalive 64;
        keepalive_timeout 4s;
    }}

    server {{
        listen {listen}{tls};
        server_name _;
        client_max_body_size {most_body}m;
{passed}
    }}
{alias}}}
"""
_ALIAS: Final = """\

    server {{
        listen {listen}{tls};
        ssl_verify_client optional_no_ca;
        server_name _;
        client_max_body_size {most_body}m;
        error_page 495 = @unproven;
{passed}
{unproven}
    }}
"""
_PASSED: Final = """\
        location {where} {{
            proxy_pass http://vault;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header {header} {said};
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            proxy_connect_timeout 2s;
            proxy_next_upstream error timeout;{source}
        }}"""
_SOURCE: Final = """
            proxy_bind {address};"""
_NOTHING: Final = '""'
_SEEN: Final = "$ssl_client_escaped_cert"
_ALIASED: Final = "~ ^/(oauth|v1)/"
"""What callers with a certificate come for; people have no business there."""
_TLS: Final = """\
 ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers ECDHE+AESGCM;
        ssl_session_tickets off"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files with a chain of certificates and its key, in PEM."""

    chain: PurePath
    key: PurePath


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """A proxy that runs.

    Attributes:
        process: Its master.
        port: Of 127.0.0.1.
        scheme: ``https``, if it has a certificate.
        alias_port: Where callers are asked for certificates; 0 for nowhere.
    """

    process: Process
    port: int
    scheme: str
    alias_port: int = 0

    @property
    def origin(self) -> str:
        """Return the origin at which it listens."""
        return f"{self.scheme}://{HOST}:{self.port}"

    @property
    def alias(self) -> str:
        """Return the origin at which it asks for certificates."""
        return f"https://{HOST}:{self.alias_port}"


@contextmanager
def running_nginx(
    folder: Path,
    *,
    backends: Sequence[int],
    port: int | None = None,
    certificate: Certificate | None = None,
    alias_port: int = 0,
    source: str = "",
) -> Iterator[Nginx]:
    """Run a proxy until the end of the block; requests that go on then are cut off.

    Args:
        folder: For it alone; one that its account can get to (``open_folder``).
        backends: Ports of the servers, on 127.0.0.1.
        port: Where it listens; a free one unless named.
        certificate: Makes it speak TLS alone; the files are copied into the folder.
        alias_port: Where callers are asked for certificates; needs one of its own.
        source: The address that it comes from, as the servers see it.

    Raises:
        OperatorError: There is no nginx here, or it does not start.
    """
    command, chosen = program(), free_port() if port is None else port
    folder.mkdir(parents=True, exist_ok=True)
    text = configuration(
        folder,
        listen=f"{HOST}:{chosen}",
        backends=[f"{HOST}:{backend}" for backend in backends],
        workers=1,
        certificate=_copied(certificate, folder),
        alias=f"{HOST}:{alias_port}" if alias_port else "",
        source=source,
    )
    (folder / "nginx.conf").write_text(text, "utf-8")
    check_reachable(folder)
    own(folder)
    process = Process.start(
        [command, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"],
        name="nginx",
        log=folder.with_name(f"{folder.name}.log"),
        account=account(),
        orphaned=signal.SIGTERM,  # Its workers would outlive a kill.
    )
    with process:
        process.wait_until(lambda: answers(chosen))
        scheme = "https" if certificate else "http"
        yield Nginx(process=process, port=chosen, scheme=scheme, alias_port=alias_port)


def configuration(
    folder: PurePath,
    *,
    listen: str,
    backends: Sequence[str],
    workers: int,
    certificate: Certificate | None,
    alias: str = "",
    source: str = "",
) -> str:
    """Return the configuration of a proxy.

    Args:
        folder: For what it writes while it runs.
        listen: Address and port.
        backends: Host and port of each server.
        workers: Processes that serve.
        certificate: For TLS.
        alias: Address and port at which callers are asked for certificates; nowhere if empty.
        source: The address that it comes from; whichever the system chooses if empty.
    """
    tls = _tls(certificate) if certificate else ""
    return _CONFIGURATION.format(
        folder=folder,
        listen=listen,
        servers="\n".join(
            f"        server {backend} max_fails=1 fail_timeout=1s;" for backend in backends
        ),
        workers=workers,
        tls=tls,
        most_body=MOST_BODY_MIB,
        passed=_passed("/", said=_NOTHING, source=source),
        alias=_alias(alias, tls=tls, source=source) if alias else "",
    )


def aliased(listen: str, *, certificate: Certificate) -> str:
    """Return the part of the configuration about the alias, as the documentation shows it."""
    return _alias(listen, tls=_tls(certificate), source="")


def _tls(certificate: Certificate) -> str:
    return _TLS.format(certificate=certificate.chain, key=certificate.key)


def _alias(listen: str, *, tls: str, source: str) -> str:
    return _ALIAS.format(
        listen=listen,
        tls=tls,
        most_body=MOST_BODY_MIB,
        passed=_passed(_ALIASED, said=_SEEN, source=source),
        unproven=_passed("@unproven", said=_NOTHING, source=source),
    )


def _passed(where: str, *, said: str, source: str) -> str:
    bound = _SOURCE.format(address=source) if source else ""
    return _PASSED.format(where=where, header=CERTIFICATE, said=said, source=bound)


def program(places: Sequence[str] = PLACES) -> Path:
    """Return where nginx is, which not everybody's ``PATH`` tells.

    Raises:
        OperatorError: Nowhere.
    """
    found = shutil.which("nginx", path=os.pathsep.join(places))
    if found is None:
        raise OperatorError(
            "没有安装 nginx。请以管理员身份运行：apt-get install nginx-light",
            "nginx is not installed. Run as root: apt-get install nginx-light",
            code=Exit.UNAVAILABLE,
        )
    return Path(found)


def _copied(certificate: Certificate | None, folder: Path) -> Certificate | None:
    if certificate is None:
        return None
    mine = Certificate(chain=folder / "chain.pem", key=folder / "key.pem")
    shutil.copy(certificate.chain, mine.chain)
    shutil.copy(certificate.key, mine.key)
    return mine
