"""Who builds the systems of which department."""

import pytest

from tests.support.ports import Ports
from tests.support.vault_values import OTHER_DEPARTMENT_ID, OTHER_SPACE, SPACE, an_appointment
from vault.clients.developers import AppointmentStatus
from vault.errors import ConflictError

OTHER = an_appointment(appointment_id=b"\x72" * 16, department_id=OTHER_DEPARTMENT_ID)


def test_appointments_are_kept_whole_by_person(ports: Ports) -> None:
    theirs = an_appointment(OTHER_SPACE, appointment_id=b"\x70" * 16)
    with ports.work() as tx:
        for one in (OTHER, an_appointment(), theirs):
            tx.developers.add(one)

    with ports.read() as tx:
        assert tx.developers.of_person(SPACE) == (an_appointment(), OTHER)
        assert tx.developers.of_person(OTHER_SPACE) == (theirs,)


def test_a_person_is_appointed_once_to_a_department(ports: Ports) -> None:
    with ports.work() as tx:
        tx.developers.add(an_appointment())

    with pytest.raises(ConflictError), ports.work() as tx:
        tx.developers.add(an_appointment(appointment_id=b"\x73" * 16))

    with ports.read() as tx:
        assert tx.developers.of_person(SPACE) == (an_appointment(),)


def test_an_appointment_moves_on_at_its_version(ports: Ports) -> None:
    ended = an_appointment(status=AppointmentStatus.ENDED, version=2)
    with ports.work() as tx:
        tx.developers.add(an_appointment())

    with ports.work() as tx:
        tx.developers.replace(ended, expected=1)
    with pytest.raises(ConflictError), ports.work() as tx:
        tx.developers.replace(an_appointment(version=2), expected=1)

    with ports.read() as tx:
        assert tx.developers.of_person(SPACE) == (ended,)
