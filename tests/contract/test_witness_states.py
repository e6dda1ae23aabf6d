"""What witnesses have signed is kept, and never goes back."""

from dataclasses import replace

from tests.support.ports import Ports
from vault.ports.witnesses import QUORUM, WitnessState

SIGNED = WitnessState(witness="w1", size=5, note="note of 5", at_ms=1000)


def kept(ports: Ports, log_id: int = 0) -> list[WitnessState]:
    with ports.read() as tx:
        return list(tx.witnesses.of_log(log_id))


def keep(ports: Ports, *states: WitnessState, log_id: int = 0) -> None:
    with ports.work() as tx:
        for one in states:
            tx.witnesses.keep(log_id, one)


def test_what_is_known_of_a_witness_is_of_its_log_alone(ports: Ports) -> None:
    quorum = replace(SIGNED, witness=QUORUM)

    keep(ports, SIGNED, quorum)
    keep(ports, replace(SIGNED, size=9), log_id=1)

    assert kept(ports) == [quorum, SIGNED]
    assert kept(ports, 1) == [replace(SIGNED, size=9)]
    assert kept(ports, 2) == []


def test_what_a_witness_signed_never_gets_smaller(ports: Ports) -> None:
    troubled = replace(SIGNED, size=6, at_ms=2000, trouble="unreachable")

    keep(ports, SIGNED)
    keep(ports, troubled)
    keep(ports, replace(SIGNED, size=5, at_ms=3000))

    assert kept(ports) == [troubled]


def test_trouble_is_written_beside_what_was_signed(ports: Ports) -> None:
    keep(ports, SIGNED)
    keep(ports, replace(SIGNED, at_ms=2000, trouble="status 404"))

    assert kept(ports) == [replace(SIGNED, at_ms=2000, trouble="status 404")]
