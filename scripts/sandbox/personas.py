"""The personas of the sandbox: who they are, what they hold, and what each does with a request."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from api.consent_page import Text
from policies.catalogue import evidence_type
from scripts.demo_people import Paper, Somebody, papers, people, read_people
from vault.errors import NotFoundError
from vault.records import RecordStatus

PEOPLE: Final = Path(__file__).with_name("people.toml")


class Decision(StrEnum):
    """What a persona does with a request."""

    APPROVE = "approve"
    DECLINE = "decline"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody who does not exist, and behaves as told.

    Attributes:
        told: What it is good for, in one sentence.
        usual: What it does unless its switch says otherwise.
        holds: One line for each piece of evidence.
    """

    somebody: Somebody
    told: Text
    usual: Decision
    holds: tuple[Text, ...]


class Switches:
    """What each persona does at the moment; set over HTTP, gone with the process."""

    def __init__(self) -> None:
        """Let everybody do what they usually do."""
        self._lock = threading.Lock()
        self._now = {key: one.usual for key, one in personas().items()}

    def of(self, key: str) -> Decision:
        """Return what a persona does now."""
        with self._lock:
            return self._now[key]

    def set(self, key: str, decision: Decision) -> None:
        """Let a persona do ``decision`` from now on.

        Raises:
            NotFoundError: There is no such persona.
        """
        with self._lock:
            if key not in self._now:
                raise NotFoundError("no such persona")
            self._now[key] = decision


@cache
def personas() -> Mapping[str, Persona]:
    """Return every persona by the name that its switch has."""
    said = read_people(PEOPLE)
    return {
        key: Persona(
            somebody=one,
            told=Text(said[key]["told_zh"], said[key]["told_en"]),
            usual=Decision(said[key]["decision"]),
            holds=tuple(_line(paper) for paper in papers(PEOPLE) if paper.holder.key == key),
        )
        for key, one in people(PEOPLE).items()
    }


def _line(paper: Paper) -> Text:
    kind = evidence_type(paper.code)
    zh, en = f"{paper.code} {kind.name_zh}", f"{paper.code} {kind.name_en}"
    if paper.status is not RecordStatus.VALID:
        zh, en = f"{zh}（状态 {paper.status}）", f"{en} (status {paper.status})"
    if paper.valid_to is not None:
        zh, en = f"{zh}，有效期至 {paper.valid_to}", f"{en}, valid to {paper.valid_to}"
    return Text(zh, en)
