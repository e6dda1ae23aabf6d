"""Consents with their uses, and cases."""

from dataclasses import replace

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import (
    CASE_NO,
    GRANT_ID,
    NOW_MS,
    OTHER_GRANT_ID,
    OTHER_SPACE,
    SPACE,
    a_case,
    a_consent,
    a_holder,
    a_use,
    revoked,
    some_details,
)
from vault.cases import CaseState
from vault.errors import ConflictError
from vault.ids import CaseNumber

OTHER_CASE_NO = CaseNumber("11110105PDY001012C4000131020100261124072194")


@pytest.fixture(autouse=True)
def _holders(ports: Ports) -> None:
    with ports.work() as tx:
        tx.holders.add(a_holder(), numbers=[], keys=[])
        tx.holders.add(a_holder(OTHER_SPACE), numbers=[], keys=[])


def give(ports: Ports) -> None:
    with ports.work() as tx:
        tx.consents.add(a_consent(), uses=[a_use("ID01", limit=2), a_use("LC01")])


def test_a_consent_is_kept_whole(ports: Ports) -> None:
    consent = a_consent(details=some_details("ID01", uses=2), shown_locale="en")

    with ports.work() as tx:
        tx.consents.add(consent, uses=[a_use("ID01", limit=2, used=1), a_use("LC01")])

    with ports.read() as tx:
        assert tx.consents.get(SPACE, grant_id=GRANT_ID) == consent
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID) == {
            "ID01": a_use("ID01", limit=2, used=1),
            "LC01": a_use("LC01"),
        }


def test_a_consent_is_its_holders_alone(ports: Ports) -> None:
    give(ports)

    with ports.read() as tx:
        assert tx.consents.get(OTHER_SPACE, grant_id=GRANT_ID) is None
        assert tx.consents.uses(OTHER_SPACE, grant_id=GRANT_ID) == {}
        assert tx.consents.of_holder(OTHER_SPACE) == ()
        assert tx.consents.get(SPACE, grant_id=OTHER_GRANT_ID) is None


def test_a_consent_is_found_by_its_id_alone(ports: Ports) -> None:
    give(ports)

    with ports.read() as tx:
        assert tx.consents.find(GRANT_ID) == a_consent()
        assert tx.consents.find(OTHER_GRANT_ID) is None


def test_consents_are_listed_the_newest_first(ports: Ports) -> None:
    old, new = a_consent(), a_consent(OTHER_GRANT_ID, created_at_ms=NOW_MS + 1)
    with ports.work() as tx:
        tx.consents.add(old, uses=[])
        tx.consents.add(new, uses=[])

    with ports.read() as tx:
        assert tx.consents.of_holder(SPACE) == (new, old)


def test_a_grant_id_is_used_once(ports: Ports) -> None:
    give(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.add(a_consent(), uses=[])
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.add(a_consent(space=OTHER_SPACE), uses=[])

    with ports.read() as tx:
        assert tx.consents.of_holder(OTHER_SPACE) == ()


def test_an_evidence_type_is_counted_once(ports: Ports) -> None:
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.add(a_consent(), uses=[a_use(), a_use()])

    with ports.read() as tx:
        assert tx.consents.of_holder(SPACE) == ()


def test_a_consent_is_narrowed_then_revoked(ports: Ports) -> None:
    give(ports)
    narrow = replace(a_consent(), version=2, details=some_details("ID01"))
    ended = revoked(narrow)

    with ports.work() as tx:
        tx.consents.replace(narrow, expected=1)
    with ports.work() as tx:
        tx.consents.replace(ended, expected=2)

    with ports.read() as tx:
        assert tx.consents.of_holder(SPACE) == (ended,)
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID).keys() == {"ID01", "LC01"}


@pytest.mark.parametrize(
    ("uses", "limits"),
    [(None, (5, 2, None)), (9, (5, 2, 9)), (3, (3, 2, 3)), (1, (2, 2, 1))],
    ids=["without limit", "wider", "narrower", "used more often already"],
)
def test_counters_are_held_to_the_uses_of_a_narrower_consent_and_never_widened(
    ports: Ports, uses: int | None, limits: tuple[int | None, ...]
) -> None:
    counters = [
        a_use("ID01", limit=5, used=2),
        a_use("LC01", limit=2, used=2),
        a_use("LC04", limit=None),
    ]
    other = a_use("ID01", limit=5)
    with ports.work() as tx:
        tx.consents.add(a_consent(), uses=counters)
        tx.consents.add(a_consent(OTHER_GRANT_ID), uses=[replace(other, grant_id=OTHER_GRANT_ID)])

    with ports.work() as tx:
        narrow = replace(a_consent(), version=2, details=some_details("ID01", uses=uses))
        tx.consents.replace(narrow, expected=1)

    with ports.read() as tx:
        found = tx.consents.uses(SPACE, grant_id=GRANT_ID)
        untouched = tx.consents.uses(SPACE, grant_id=OTHER_GRANT_ID)
    assert found == {
        one.code: replace(one, limit=limit) for one, limit in zip(counters, limits, strict=True)
    }
    assert untouched == {"ID01": replace(other, grant_id=OTHER_GRANT_ID)}


@pytest.mark.parametrize(("version", "expected"), [(3, 2), (1, 0), (2, 0), (3, 1)])
def test_a_consent_of_another_version_is_left_alone(
    ports: Ports, version: int, expected: int
) -> None:
    give(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.replace(replace(a_consent(), version=version), expected=expected)

    with ports.read() as tx:
        assert tx.consents.get(SPACE, grant_id=GRANT_ID) == a_consent()


def test_a_consent_that_is_given_anew_counts_anew(ports: Ports) -> None:
    other = replace(a_use("ID01", limit=5, used=1), grant_id=OTHER_GRANT_ID)
    with ports.work() as tx:
        tx.consents.add(a_consent(), uses=[a_use("ID01", limit=2, used=2), a_use("LC01")])
        tx.consents.add(a_consent(OTHER_GRANT_ID), uses=[other])
    anew = replace(a_consent(), version=2, details=some_details("ID01", "LC04", uses=7))

    with ports.work() as tx:
        tx.consents.renew(anew, uses=[a_use("ID01", limit=7), a_use("LC04", limit=7)], expected=1)

    with ports.read() as tx:
        assert tx.consents.get(SPACE, grant_id=GRANT_ID) == anew
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID) == {
            "ID01": a_use("ID01", limit=7),
            "LC04": a_use("LC04", limit=7),
        }
        assert tx.consents.uses(SPACE, grant_id=OTHER_GRANT_ID) == {"ID01": other}


@pytest.mark.parametrize(("version", "expected"), [(3, 2), (1, 0), (2, 0), (3, 1)])
def test_a_consent_of_another_version_is_not_given_anew(
    ports: Ports, version: int, expected: int
) -> None:
    give(ports)

    anew = replace(a_consent(), version=version)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.renew(anew, uses=[a_use("ID01")], expected=expected)

    with ports.read() as tx:
        assert tx.consents.get(SPACE, grant_id=GRANT_ID) == a_consent()
        assert tx.consents.uses(SPACE, grant_id=GRANT_ID).keys() == {"ID01", "LC01"}


def test_a_consent_that_is_not_there_is_not_replaced(ports: Ports) -> None:
    give(ports)

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.replace(revoked(a_consent(OTHER_GRANT_ID)), expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.consents.replace(revoked(a_consent(space=OTHER_SPACE)), expected=1)


def test_a_case_is_kept_whole_and_found_by_its_number(ports: Ports) -> None:
    case = a_case(state=CaseState.TO_COMPLETE)

    with ports.work() as tx:
        tx.cases.add(case)

    with ports.read() as tx:
        assert tx.cases.get(SPACE, case_no=CASE_NO) == case
        assert tx.cases.find(CASE_NO) == case
        assert tx.cases.get(OTHER_SPACE, case_no=CASE_NO) is None
        assert tx.cases.find(OTHER_CASE_NO) is None


def test_cases_are_listed_by_number(ports: Ports) -> None:
    with ports.work() as tx:
        tx.cases.add(a_case(OTHER_CASE_NO))
        tx.cases.add(a_case())

    with ports.read() as tx:
        assert tx.cases.of_holder(SPACE) == (a_case(), a_case(OTHER_CASE_NO))
        assert tx.cases.of_holder(OTHER_SPACE) == ()


def test_a_case_number_is_unique_in_the_vault(ports: Ports) -> None:
    with ports.work() as tx:
        tx.cases.add(a_case())

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.cases.add(a_case())
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.cases.add(a_case(space=OTHER_SPACE))


def test_a_case_moves_on_at_its_version(ports: Ports) -> None:
    closed = a_case(version=2, state=CaseState.CLOSED)
    with ports.work() as tx:
        tx.cases.add(a_case())

    with ports.work() as tx:
        tx.cases.replace(closed, expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.cases.replace(closed, expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.cases.replace(a_case(OTHER_CASE_NO, version=2), expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.cases.replace(replace(closed, space=OTHER_SPACE, version=3), expected=2)

    with ports.read() as tx:
        assert tx.cases.of_holder(SPACE) == (closed,)
