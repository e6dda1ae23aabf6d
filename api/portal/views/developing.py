"""What a department's developers see: registrations, and why requests were refused."""

from dataclasses import dataclass

from api.portal.views.pieces import Badge, Fact, When


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLine:
    """One system in a list."""

    name: str
    client_id: str
    href: str
    profile: str
    badge: Badge


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentClients:
    """The systems of one department."""

    slug: str
    name: str
    clients: tuple[ClientLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopersView:
    """Departments and their systems; and what was looked for without being found.

    Attributes:
        sought: The correlation id that nothing is kept under; empty where none was looked for.
    """

    departments: tuple[DepartmentClients, ...]
    sought: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One public key."""

    kid: str
    algorithms: str
    thumbprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalLine:
    """One refused request.

    Attributes:
        asked: Method and path.
        proven: The system proved who it is.
    """

    correlation: str
    href: str
    at: When
    asked: str
    status: int
    error: str
    reason: str
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """One system: what is registered, and what was refused of late."""

    name: str
    badge: Badge
    facts: tuple[Fact, ...]
    keys: tuple[KeyLine, ...]
    refusals: tuple[RefusalLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """One refused request, and whose it was."""

    line: RefusalLine
    client: str
    client_href: str
