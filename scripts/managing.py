"""What the operator does about systems that registered themselves, and about all that there are.

As in ``registering``: plain JSON in, plain JSON out.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Final

from scripts.operator_socket import Plain, Verb
from vault.clients import Client
from vault.clients.keys import plain_jwks, read_jwks, registered_keys
from vault.clients.profiles import addresses
from vault.clock import MS, instant, legal_day
from vault.departments import Department
from vault.errors import InvalidInputError, NotFoundError
from vault.ids import ClientId
from vault.journal.receipts import Receipt
from vault.numbers import number_of
from vault.services import Vault
from vault.services.appoint_developer import appoint_developer, dismiss_developer
from vault.services.approve_client import approve_client, refuse_client
from vault.services.close_client import close_client
from vault.services.replace_client_keys import replace_client_keys
from vault.services.self_register import hand_out_token

LIST: Final = "client.list"
SHOW: Final = "client.show"
APPROVE: Final = "client.approve"
REFUSE: Final = "client.refuse"
CLOSE: Final = "client.close"
KEYS: Final = "client.keys"
TOKEN: Final = "client.token"  # noqa: S105 - the name of a verb, not a secret
REFUSALS: Final = "client.refusals"
APPOINT: Final = "developer.appoint"
DISMISS: Final = "developer.dismiss"

VERBS: Final = (LIST, SHOW, APPROVE, REFUSE, CLOSE, KEYS, TOKEN, REFUSALS, APPOINT, DISMISS)

MOST_SHOWN: Final = 50

Entered = Callable[[str], Department]
"""Returns the department with a code, entered if it was not."""


def list_clients(vault: Vault) -> Plain:
    """Return every system, those that wait for approval first."""
    with vault.read() as tx:
        clients = tx.clients.all()
        codes = {one.client_id: _code(tx.departments.get(one.department_id)) for one in clients}
    lines = [
        {
            "client_id": one.client_id,
            "department": codes[one.client_id],
            "name": one.name_zh,
            "profile": one.profile.value,
            "status": one.status.value,
            "version": one.version,
        }
        for one in sorted(clients, key=lambda one: (one.status.value != "pending", one.client_id))
    ]
    return {"clients": lines}


def show_client(vault: Vault, client_id: str) -> Plain:
    """Return what there is to look at before a system is approved.

    Raises:
        NotFoundError: There is no such system.
    """
    with vault.read() as tx:
        client = tx.clients.get(ClientId(client_id))
        if client is None:
            raise NotFoundError("no such client")
        department = tx.departments.get(client.department_id)
    return _described(client) | {"department": _code(department)}


def list_refusals(vault: Vault, name: str) -> Plain:
    """Return why a system was refused of late, or what is kept under a correlation id.

    Args:
        vault: The vault.
        name: Id of a system, or ``X-Correlation-Id`` of an answer.

    Raises:
        NotFoundError: There is no such system, and nothing is kept under that id.
    """
    with vault.read() as tx:
        one = tx.refusals.get(name)
        found = tx.refusals.of_client(ClientId(name), limit=MOST_SHOWN) if one is None else (one,)
        if not found and tx.clients.get(ClientId(name)) is None:
            raise NotFoundError("no such client, and no such refusal")
    return {
        "refusals": [
            asdict(one) | {"at": instant(one.at * MS).isoformat(timespec="seconds")}
            for one in found
        ]
    }


def operator_acts(vault: Vault, *, entered: Entered) -> Mapping[str, Verb]:
    """Return the verbs over an open vault; ``entered`` enters departments."""

    def listed(_arguments: Plain) -> Plain:
        return list_clients(vault)

    def shown(arguments: Plain) -> Plain:
        return show_client(vault, text_of(arguments, "client_id"))

    def approved(arguments: Plain) -> Plain:
        version = arguments.get("version")
        if not isinstance(version, int):
            raise InvalidInputError("the verb needs version", field="version")
        client_id = text_of(arguments, "client_id")
        receipt = approve_client(vault, ClientId(client_id), version=version)
        return {"client_id": client_id, "index": receipt.index}

    def stepped(step: Callable[[Vault, ClientId], Receipt], arguments: Plain) -> Plain:
        client_id = text_of(arguments, "client_id")
        return {"client_id": client_id, "index": step(vault, ClientId(client_id)).index}

    def rekeyed(arguments: Plain) -> Plain:
        client_id = text_of(arguments, "client_id")
        found = plain_jwks(read_jwks(text_of(arguments, "text")))
        receipt = replace_client_keys(vault, ClientId(client_id), jwks=found)
        return {"client_id": client_id, "index": receipt.index}

    def refused(arguments: Plain) -> Plain:
        return list_refusals(vault, text_of(arguments, "name"))

    def handed_out(arguments: Plain) -> Plain:
        department = entered(text_of(arguments, "department"))
        token = hand_out_token(vault, department.department_id)
        return {"department": department.code, "token": token}

    def appointed(act: Callable[..., Receipt], arguments: Plain) -> Plain:
        department = entered(text_of(arguments, "department"))
        kind, value = text_of(arguments, "kind"), text_of(arguments, "number")
        number = number_of(kind, value, today=legal_day(vault.clock.now_ms()))
        receipt = act(vault, number, department_id=department.department_id)
        return {"department": department.code, "index": receipt.index}

    return {
        LIST: listed,
        SHOW: shown,
        APPROVE: approved,
        REFUSE: partial(stepped, refuse_client),
        CLOSE: partial(stepped, close_client),
        KEYS: rekeyed,
        TOKEN: handed_out,
        REFUSALS: refused,
        APPOINT: partial(appointed, appoint_developer),
        DISMISS: partial(appointed, dismiss_developer),
    }


def text_of(arguments: Plain, name: str) -> str:
    """Return an argument that is a text.

    Raises:
        InvalidInputError: It is missing, or something else.
    """
    found = arguments.get(name)
    if not isinstance(found, str):
        raise InvalidInputError(f"the verb needs {name}", field=name)
    return found


def _described(client: Client) -> dict[str, object]:
    return {
        "client_id": client.client_id,
        "name": f"{client.name_zh} · {client.name_en}",
        "status": client.status.value,
        "version": client.version,
        "profile": client.profile.value,
        "software": f"{client.metadata.software_id} {client.metadata.software_version}".strip(),
        "method": client.metadata.auth_method.value,
        "keys": [
            f"{key.kid or '-'} {'/'.join(sorted(key.algorithms))} {key.thumbprint}"
            for key in registered_keys(client.jwks)
        ],
        "addresses": [f"{name} {uri}" for name, uri in addresses(client)],
        "grant_types": sorted(client.grant_types),
        "scopes": sorted(client.scopes),
        "evidence": [f"{code}:{view.label}" for code, view in sorted(client.evidence.items())],
        "issue_codes": sorted(client.issue_codes),
        "service_items": sorted(client.service_items),
    }


def _code(department: Department | None) -> str:
    return "-" if department is None else department.code
