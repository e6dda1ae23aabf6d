"""Stores of guarded tables in memory: spaces, records, consents, cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tests.support.memory.rows import HolderKeyName, Intent, Rows, follows
from vault.cases import Case
from vault.consents import Consent, Use
from vault.crypto.keys import WrappedKey
from vault.errors import ConflictError
from vault.holders import Holder
from vault.identifiers import IdentifierKind
from vault.ids import CaseNumber, EntryId, GrantId, MandateId, RecordId, Space
from vault.mandates import Mandate
from vault.ports import IdentifierIndex
from vault.records import RecordHead, SealedFile, SealedRecord, VersionRef


class MemoryHolders:
    """Implements ``vault.ports.Holders``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, space: Space) -> Holder | None:
        return self._rows.holders.get(space)

    def find(self, kind: IdentifierKind, index: bytes) -> Space | None:
        return self._rows.numbers.get((kind, index))

    def keys(self, space: Space) -> tuple[WrappedKey, ...]:
        found = [name for name in self._rows.holder_keys if name.space == space]
        ordered = sorted(found, key=lambda name: (name.purpose.value, -name.version))
        return tuple(self._rows.holder_keys[name] for name in ordered)

    def add(
        self, holder: Holder, *, numbers: Sequence[IdentifierIndex], keys: Sequence[WrappedKey]
    ) -> None:
        self._rows.holders.add(holder.space, holder)
        for one in numbers:
            self._rows.numbers.add((one.kind, one.index), holder.space)
        for key in keys:
            if key.owner_id != holder.space.holder_id:
                raise ConflictError("the key is another holder's")
            name = HolderKeyName(holder.space, key.purpose, key.version)
            self._rows.holder_keys.add(name, key)

    def set_profile(self, space: Space, *, profile: bytes, expected: int) -> None:
        found = self._rows.holders.get(space)
        if found is None or found.version != expected:
            raise ConflictError("the holder has another version")
        self._rows.holders[space] = replace(found, profile=profile, version=expected + 1)


class MemoryRecords:
    """Implements ``vault.ports.Records``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def heads(self, space: Space) -> tuple[RecordHead, ...]:
        found = [head for head in self._rows.heads.values() if head.space == space]
        return tuple(sorted(found, key=lambda head: head.record_id))

    def heads_of_code(self, space: Space, *, code: str) -> tuple[RecordHead, ...]:
        return tuple(head for head in self.heads(space) if head.code == code)

    def head(self, space: Space, *, record_id: RecordId) -> RecordHead | None:
        found = self._rows.heads.get(record_id)
        return found if found is not None and found.space == space else None

    def version(self, ref: VersionRef) -> SealedRecord | None:
        return self._rows.versions.get(ref)

    def find(self, record_id: RecordId) -> Space | None:
        found = self._rows.heads.get(record_id)
        return None if found is None else found.space

    def add_version(
        self, record: SealedRecord, *, key: WrappedKey, expected: int, entry_id: EntryId
    ) -> None:
        if (key.owner_id, key.version) != (record.head.record_id, record.head.version):
            raise ConflictError("a record's key belongs to its version")
        self._advance(record.head, expected=expected)
        self._rows.versions.add(record.head.ref, record)
        self._rows.record_keys.add(record.head.ref, key)
        for file in record.files:
            self._commit(file, record.head.space)

    def carry_on(self, head: RecordHead, *, expected: int, entry_id: EntryId) -> None:
        self._advance(head, expected=expected)
        carried = self._rows.versions[head.key_ref]
        self._rows.versions.add(head.ref, replace(carried, head=head))

    def _advance(self, head: RecordHead, *, expected: int) -> None:
        found = self._rows.heads.get(head.record_id)
        if found is not None and found.space != head.space:
            raise ConflictError("the record is in another space")
        if (expected, head.version) != (0, 1):
            follows(found, new=head, expected=expected)
        elif found is not None:
            raise ConflictError("the record is there already")
        self._rows.heads[head.record_id] = head

    def _commit(self, file: SealedFile, space: Space) -> None:
        intent = self._rows.intents.get(file.object_key)
        if intent is None or (intent.space, intent.state) != (space, "pending"):
            raise ConflictError("the file is not waiting for this deposit")
        self._rows.intents[file.object_key] = Intent(space, "committed", intent.expires_at)


class MemoryConsents:
    """Implements ``vault.ports.Consents``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, space: Space, *, grant_id: GrantId) -> Consent | None:
        found = self._rows.consents.get(grant_id)
        return found if found is not None and found.space == space else None

    def find(self, grant_id: GrantId) -> Consent | None:
        return self._rows.consents.get(grant_id)

    def of_holder(self, space: Space) -> tuple[Consent, ...]:
        found = [one for one in self._rows.consents.values() if one.space == space]
        return tuple(sorted(found, key=lambda one: (-one.created_at_ms, one.grant_id)))

    def uses(self, space: Space, *, grant_id: GrantId) -> Mapping[str, Use]:
        return {
            use.code: use
            for use in self._rows.uses.values()
            if (use.space, use.grant_id) == (space, grant_id)
        }

    def add(self, consent: Consent, *, uses: Sequence[Use]) -> None:
        self._rows.consents.add(consent.grant_id, consent)
        for use in uses:
            self._rows.uses.add((use.grant_id, use.code), use)

    def renew(self, consent: Consent, *, uses: Sequence[Use], expected: int) -> None:
        found = self.get(consent.space, grant_id=consent.grant_id)
        follows(found, new=consent, expected=expected)
        self._rows.consents[consent.grant_id] = consent
        for code in self.uses(consent.space, grant_id=consent.grant_id):
            del self._rows.uses[consent.grant_id, code]
        for use in uses:
            self._rows.uses.add((use.grant_id, use.code), use)

    def replace(self, consent: Consent, *, expected: int) -> None:
        found = self.get(consent.space, grant_id=consent.grant_id)
        follows(found, new=consent, expected=expected)
        self._rows.consents[consent.grant_id] = consent
        most = consent.details.uses
        for use in self.uses(consent.space, grant_id=consent.grant_id).values():
            if most is not None and (use.limit is None or use.limit > most):
                lowered = replace(use, limit=max(most, use.used))
                self._rows.uses[use.grant_id, use.code] = lowered


class MemoryMandates:
    """Implements ``vault.ports.Mandates``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, space: Space, *, mandate_id: MandateId) -> Mandate | None:
        found = self.find(mandate_id)
        return found if found is not None and found.space == space else None

    def find(self, mandate_id: MandateId) -> Mandate | None:
        return self._rows.mandates.get(mandate_id)

    def chain(self, space: Space, *, mandate_id: MandateId) -> tuple[Mandate, ...]:
        last = self.get(space, mandate_id=mandate_id)
        if last is None:
            return ()
        above = None if last.parent_id is None else self.get(space, mandate_id=last.parent_id)
        return (last,) if above is None else (above, last)

    def of_holder(self, space: Space) -> tuple[Mandate, ...]:
        return self._newest(one for one in self._rows.mandates.values() if one.space == space)

    def of_receiver(self, receiver: Space) -> tuple[Mandate, ...]:
        found = (one for one in self._rows.mandates.values() if one.receiver == receiver)
        return self._newest(found)

    def add(self, mandate: Mandate) -> None:
        self._rows.mandates.add(mandate.mandate_id, mandate)

    def replace(self, mandate: Mandate, *, expected: int) -> None:
        found = self.get(mandate.space, mandate_id=mandate.mandate_id)
        follows(found, new=mandate, expected=expected)
        self._rows.mandates[mandate.mandate_id] = mandate

    def _newest(self, found: Iterable[Mandate]) -> tuple[Mandate, ...]:
        return tuple(sorted(found, key=lambda one: (-one.created_at_ms, one.mandate_id)))


class MemoryCases:
    """Implements ``vault.ports.Cases``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, space: Space, *, case_no: CaseNumber) -> Case | None:
        found = self.find(case_no)
        return found if found is not None and found.space == space else None

    def find(self, case_no: CaseNumber) -> Case | None:
        return self._rows.cases.get(case_no)

    def of_holder(self, space: Space) -> tuple[Case, ...]:
        found = [case for case in self._rows.cases.values() if case.space == space]
        return tuple(sorted(found, key=lambda case: case.case_no))

    def add(self, case: Case) -> None:
        self._rows.cases.add(case.case_no, case)

    def replace(self, case: Case, *, expected: int) -> None:
        found = self.get(case.space, case_no=case.case_no)
        follows(found, new=case, expected=expected)
        self._rows.cases[case.case_no] = case
