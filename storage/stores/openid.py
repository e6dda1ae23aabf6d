"""What clients know people by, and which of them were told of a sign-in."""

from typing import Final

from sqlalchemy import bindparam, delete, select, text, update

from storage.statements import Driver, Prepared
from storage.stores.keyed import keyed
from storage.tables.columns import table_of
from storage.tables.openid import OpenIdSessionRow, SignInClientRow, SubjectRow
from vault.clients.told import ToldClient
from vault.ids import ClientId, DepartmentId, Space

_SUBJECT: Final = table_of(SubjectRow)
_SESSION: Final = table_of(OpenIdSessionRow)
_TOLD: Final = table_of(SignInClientRow)

_GET_SUBJECT: Final = Prepared(
    select(_SUBJECT.c.sub).where(keyed(_SUBJECT, "log_id", "holder_id", "sector"))
)
# SQLAlchemy has no such INSERT for every database; these texts are good for both of ours.
_ADD_SUBJECT: Final = Prepared(
    text(
        "INSERT INTO oauth_subject (log_id, holder_id, sector, sub)"
        " VALUES (:log_id, :holder_id, :sector, :sub)"
        " ON CONFLICT (log_id, holder_id, sector) DO NOTHING"
    )
)
_GO_ON: Final = Prepared(  # It writes where nothing changes, to wait for whoever is ending it.
    text(
        "INSERT INTO openid_session (sid, leads_to, expires_at) VALUES (:sid, :sid, :expires_at)"
        " ON CONFLICT (sid) DO UPDATE SET expires_at ="
        " CASE WHEN excluded.expires_at > openid_session.expires_at"
        " THEN excluded.expires_at ELSE openid_session.expires_at END RETURNING ended_at"
    )
)
_TELL: Final = Prepared(
    text(
        "INSERT INTO signin_client (sid, client_id, sub, expires_at)"
        " VALUES (:sid, :client_id, :sub, :expires_at) ON CONFLICT (sid, client_id) DO NOTHING"
    )
)
_END: Final = Prepared(
    text(
        "INSERT INTO openid_session (sid, leads_to, expires_at, ended_at)"
        " VALUES (:sid, :sid, :expires_at, :now) ON CONFLICT (sid) DO UPDATE SET ended_at = :now"
        " WHERE openid_session.ended_at IS NULL"
    )
)
_END_LED: Final = Prepared(
    update(_SESSION)
    .where(_SESSION.c.leads_to == bindparam("to"), _SESSION.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)
_LEAD: Final = Prepared(
    text(
        "INSERT INTO openid_session (sid, leads_to, expires_at)"
        " VALUES (:sid, :to, :expires_at) ON CONFLICT (sid) DO UPDATE SET leads_to = :to"
    )
)
_LEAD_LED: Final = Prepared(
    update(_SESSION)
    .where(_SESSION.c.leads_to == bindparam("before"))
    .values(leads_to=bindparam("after"), expires_at=bindparam("until"))
)
_LED: Final = select(_SESSION.c.sid).where(_SESSION.c.leads_to == bindparam("to"))
_WERE_TOLD: Final = Prepared(
    select(_TOLD).where(_TOLD.c.sid.in_(_LED)).order_by(_TOLD.c.client_id, _TOLD.c.sid)
)
_FORGET: Final = Prepared(delete(_TOLD).where(_TOLD.c.sid.in_(_LED)))
_ENDED: Final = Prepared(select(_SESSION.c.ended_at).where(keyed(_SESSION, "sid")))


class SqlOpenId:
    """The part of ``vault.ports.ProtocolRows`` about OpenID Connect."""

    def __init__(self, driver: Driver) -> None:
        """Stand on the transaction of ``driver``."""
        self._driver = driver

    def subject(self, person: Space, *, sector: DepartmentId) -> bytes | None:
        """Return what the systems of a department know a person by."""
        row = _GET_SUBJECT.one(self._driver, **person._asdict(), sector=sector)
        return None if row is None else row[0]

    def add_subject(self, person: Space, *, sector: DepartmentId, fresh: bytes) -> bytes:
        """Let them know a person by ``fresh``, unless they know one already."""
        _ADD_SUBJECT.change(self._driver, **person._asdict(), sector=sector, sub=fresh)
        return self.subject(person, sector=sector) or fresh

    def tell_client(self, told: ToldClient) -> bool:
        """Write that a client is told of a sign-in that goes on (see the port)."""
        session = _GO_ON.one(self._driver, sid=told.sid, expires_at=told.expires_at)
        if session is None or session[0] is not None:
            return False
        _TELL.change(
            self._driver,
            sid=told.sid,
            client_id=told.client_id,
            sub=told.sub,
            expires_at=told.expires_at,
        )
        return True

    def lead_told(self, sid: bytes, *, to: bytes, expires_at: int) -> None:
        """Let a sign-in, and all that lead to it, go on as ``to``."""
        _LEAD.change(self._driver, sid=sid, to=to, expires_at=expires_at)
        _LEAD_LED.change(self._driver, before=sid, after=to, until=expires_at)

    def end_told(self, sid: bytes, *, expires_at: int, now: int) -> tuple[ToldClient, ...]:
        """Mark a sign-in, and all that lead to it, as ended; return who was told of them."""
        if not _END.change(self._driver, sid=sid, expires_at=expires_at, now=now):
            return ()
        _END_LED.change(self._driver, to=sid, now=now)
        found = tuple(
            ToldClient(sid=one, client_id=ClientId(client_id), sub=sub, expires_at=until)
            for one, client_id, sub, until in _WERE_TOLD.all(self._driver, to=sid)
        )
        _FORGET.change(self._driver, to=sid)
        return found

    def told_ended(self, sid: bytes) -> bool:
        """Say whether a sign-in was marked as ended for clients."""
        row = _ENDED.one(self._driver, sid=sid)
        return row is not None and row[0] is not None
