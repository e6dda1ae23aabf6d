"""What is in the space: the list, one record opened, its files."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse

from api.portal.door import MemberDep, named
from api.portal.language import Language
from api.portal.pages import page
from api.portal.route import PageRoute
from api.portal.values import facts_of
from api.portal.views import FileLine, RecordGroup, RecordLine, RecordsView, RecordView
from api.portal.words import (
    ends,
    evidence_name,
    grade_words,
    group_word,
    head_badge,
    mark,
    validity,
)
from policies.catalogue import catalogue
from policies.scopes import GROUPS
from vault.clock import legal_day
from vault.departments import Department
from vault.files import MAX_FILES
from vault.ids import RecordId
from vault.records import FileNote
from vault.services.own_space import OwnHead, own_heads
from vault.services.read_own import OwnRecord, read_own_file, read_own_record

KIB: Final = 1024
DOWNLOAD: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of whatever is saved and not shown: it opens nothing in this origin."""

_FILE_KINDS: Final = {
    "application/pdf": mark("PDF 文件"),
    "image/jpeg": mark("图片"),
    "image/png": mark("图片"),
}

router: Final = APIRouter(route_class=PageRoute)


@router.get("/space/records")
def records(member: MemberDep) -> Response:
    """List the records in their groups; nothing is opened for it."""
    vault, language = member.wired.vault, member.language
    day = legal_day(vault.clock.now_ms())
    found = sorted(
        own_heads(vault, member.acting),
        key=lambda one: (one.head.code, -one.head.updated_at_ms),
    )
    groups = tuple(
        RecordGroup(
            slug=group,
            name=group_word(group, language),
            records=tuple(
                RecordLine(
                    href=_href(one.head.record_id),
                    name=evidence_name(one.head.code, language),
                    issuer=_issuer(one.head.code, one.issuer, language),
                    badge=head_badge(one.head, day=day, language=language),
                    validity=ends(one.head, language=language),
                )
                for one in of_group
            ),
        )
        for group in GROUPS
        if (of_group := _of_group(found, group))
    )
    frame = member.frame("records")
    return page("space/records.html", frame=frame, view=RecordsView(groups=groups))


@router.get("/space/records/{record}")
def record(record: str, member: MemberDep) -> Response:
    """Open a record; that is an entry, and the page says which."""
    vault = member.wired.vault
    found = read_own_record(vault, member.acting, RecordId(named(record)))
    day = legal_day(vault.clock.now_ms())
    head, language = found.head, member.language
    trust, trust_explained = grade_words(head.trust_grade, language)
    view = RecordView(
        name=evidence_name(head.code, language),
        group=group_word(found.kind.group, language),
        slug=found.kind.group,
        badge=head_badge(head, day=day, language=language),
        facts=facts_of(head.code, found.payload.fields, language=language),
        files=_files(found, language),
        issuer=_issuer(head.code, found.issuer, language),
        trust=trust,
        trust_explained=trust_explained,
        validity=validity(head, language=language),
        served_until="" if head.served_until is None else language.day(head.served_until),
        updated=language.at(head.updated_at_ms),
        version=head.version,
        journal_index=found.proof.receipt.index,
    )
    return page("space/record.html", frame=member.frame("records"), view=view)


@router.get("/space/records/{record}/files/{number}")
def file(
    record: str, number: Annotated[int, Path(ge=1, le=MAX_FILES)], member: MemberDep
) -> Response:
    """Give a file to its holder, to be saved; that is an entry of its own."""
    found = read_own_file(
        member.wired.vault, member.acting, RecordId(named(record)), number=number
    )
    pieces = _begun(found.pieces)
    headers = DOWNLOAD | {
        "Content-Disposition": attachment(found.note.name),
        "Content-Length": str(found.note.size_bytes),
    }
    return StreamingResponse(pieces, media_type=found.note.media_type, headers=headers)


def attachment(name: str) -> str:
    """Return ``Content-Disposition`` for a file to be saved (RFC 6266, RFC 8187)."""
    ascii_name = "".join(
        one if one.isascii() and (one.isalnum() or one in "._-") else "_" for one in name
    )
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Open the first piece before the answer begins, so that a failure is still a page."""
    return chain([next(pieces, b"")], pieces)


def _of_group(found: list[OwnHead], group: str) -> list[OwnHead]:
    return [one for one in found if catalogue()[one.head.code].group == group]


def _href(record_id: RecordId) -> str:
    return f"/space/records/{record_id.hex()}"


def _issuer(code: str, issuer: Department | None, language: Language) -> str:
    if issuer is not None:
        return language.pick(issuer.name_zh, issuer.name_en)
    kind = catalogue()[code]
    return language.pick(kind.issuer_zh, kind.issuer_en)


def _files(found: OwnRecord, language: Language) -> tuple[FileLine, ...]:
    href = _href(found.head.record_id)
    return tuple(
        FileLine(
            href=f"{href}/files/{one.number}",
            name=one.name,
            kind=language.say(_FILE_KINDS[one.media_type]),
            size=_size(one),
        )
        for one in found.payload.files
    )


def _size(note: FileNote) -> str:
    size = note.size_bytes
    if size < KIB * KIB:
        return f"{max(1, round(size / KIB))} KB"
    return f"{size / KIB / KIB:.1f} MB"
