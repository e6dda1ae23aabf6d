"""Passkeys: the list, and the pages whose script talks to an authenticator."""

from dataclasses import dataclass, field

from api.portal.views.pieces import Badge, When


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyLine:
    """One passkey.

    Attributes:
        kept: Where its key lies.
        used: When it was used last; ``None`` before it was.
        href: Where it is removed.
    """

    name: str
    badges: tuple[Badge, ...]
    kept: str
    made: When
    used: When | None
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeysView:
    """All passkeys.

    Attributes:
        add_href, attested_href: Where one more is made; empty where none can be.
        possible: Browsers make passkeys for this address at all.
        said: What the holder has just done; empty otherwise.
    """

    lines: tuple[PasskeyLine, ...]
    add_href: str
    attested_href: str
    possible: bool
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePasskeyView:
    """Lets the browser make a passkey.

    Attributes:
        options: For ``navigator.credentials.create``, as JSON.
        kind: ``attested``, or empty.
    """

    action: str
    options: str = field(repr=False)
    kind: str
    onward: str
    name: str
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePasskeyView:
    """Lets the browser use a passkey.

    Attributes:
        options: For ``navigator.credentials.get``, as JSON; empty where the holder has none.
        number: ``typed`` where a number was typed that the passkey must belong to.
        back: The way without a passkey.
        add_href: Where the first one is made; empty where none can be.
    """

    action: str
    options: str = field(repr=False)
    onward: str
    number: str
    back: str
    trouble: str
    add_href: str = ""
