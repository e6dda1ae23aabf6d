"""Has an operator's verb done: by the server that has the data open, else on the vault itself."""

from pathlib import Path

from api.wiring import wire
from scripts.operator_socket import Plain, ask
from scripts.places import existing_settings, places
from scripts.reading import reading
from scripts.registering import operator_verbs


def have_done(verb: str, arguments: Plain, *, data: Path | None) -> Plain:
    """Have ``verb`` done and return its result.

    Args:
        verb: One of ``operator_verbs``.
        arguments: Of the verb, plain JSON.
        data: The data folder; the default one if none is named.

    Raises:
        OperatorError: There is no deployment, or the verb was refused. A verb never makes one:
            the name of its log would be drawn from whatever this shell has for an issuer.
        VaultError: The vault does not open, or the verb was refused.
    """
    where = places(data)
    done = ask(where.socket, verb, arguments)
    if done is not None:
        return done
    with reading(data):
        pass
    with wire(existing_settings(where)) as wired:
        return operator_verbs(wired.vault, demo=wired.demo)[verb](arguments)
