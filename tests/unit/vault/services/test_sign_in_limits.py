"""How often codes are asked for and tried: by account, by source, by browsers that are known."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import pytest

from tests.support.world import World
from vault.clock import legal_day
from vault.errors import InvalidInputError, RateLimitedError, VaultError
from vault.identifiers import Identifier, IdentifierKind, normalise_ui, parse
from vault.numbers import number_of
from vault.services.acting import network_prefix
from vault.services.known_browsers import marked_browser
from vault.services.limits import Limit
from vault.services.outbox import ONE_TIME_CODE, STALE_SECONDS, WRONG_CODES, delivered, waiting
from vault.services.own_space import own_space
from vault.services.sign_in import TOLD_AT, SignedIn, finish_sign_in, start_sign_in
from vault.services.sign_in_limits import account_of, source_of

CONTACT = "+8613000000000"
HOME = "192.0.2.1"
MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR

NUMBER = "110105190001020031"
WIDE = "".join(chr(ord(one) + 0xFEE0) for one in NUMBER)

Step = Callable[[], object]


@pytest.fixture(autouse=True)
def _holder(world: World) -> None:
    world.deposit(contact=CONTACT)
    world.clock.advance(seconds=DAY - world.now() % DAY)  # Windows begin with the tests.


def start(
    world: World,
    number: Identifier | None = None,
    *,
    person: int = 1,
    source: str = HOME,
    known: str = "",
) -> str:
    number = number or world.person(person)
    return start_sign_in(world.vault, number, source=source, known=known)


def try_wrong(world: World, attempt: str, *, source: str = HOME, known: str = "") -> None:
    """Try a code; one in a million times it is the right one."""
    with pytest.raises(InvalidInputError):
        finish_sign_in(world.vault, attempt, code="000000", source=source, known=known)


def sign_in(world: World, *, source: str = HOME, known: str = "") -> SignedIn:
    world.clock.advance(seconds=1)
    attempt = start(world, source=source, known=known)
    code = [one for one in waiting(world.vault, limit=999) if one.kind == ONE_TIME_CODE][-1]
    return finish_sign_in(world.vault, attempt, code=code.code, source=source, known=known)


def marked(world: World, *, person: int = 1) -> str:
    """Return a new browser that has signed in before."""
    account = account_of(world.vault, world.person(person))
    return marked_browser(world.vault, "", account=account, now=world.now())


def refused(step: Step) -> int:
    """Return for how long a step is refused; 0 if it is not."""
    try:
        step()
    except RateLimitedError as error:
        return error.retry_after_seconds
    return 0


def sources() -> Iterator[str]:
    """Yield addresses that were not used before."""
    return (f"198.51.{number // 250}.{number % 250}" for number in count())


class Attacker:
    """Tries codes as fast as it is let; five with each code that was asked for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tried: Counter[int] = Counter()
        self._attempts: dict[int, tuple[str, int]] = {}

    def try_one(self, *, person: int, source: str) -> None:
        """Try one code, if it is let."""
        try:
            attempt, left = self._attempts.get(person, ("", 0))
            if not left:
                attempt, left = start(self.world, person=person, source=source), 5
                self._attempts[person] = attempt, left
            try_wrong(self.world, attempt, source=source)
        except RateLimitedError:
            return
        self._attempts[person] = attempt, left - 1
        self.tried[person] += 1

    def every_ten_seconds(self, act: Step, *, hours: int) -> list[int]:
        """Do something all the time; return how many codes were tried after each hour."""
        after = []
        for _ in range(hours):
            for _ in range(HOUR // 10):
                act()
                self.world.clock.advance(seconds=10)
            after.append(self.tried.total())
        return after


# How many wrong codes: the figures of docs/threat-model.


def test_one_source_tries_ten_codes_an_hour_at_one_account_and_twenty_a_day(world: World) -> None:
    attacker = Attacker(world)

    tried = attacker.every_ten_seconds(lambda: attacker.try_one(person=1, source=HOME), hours=4)

    assert tried == [10, 20, 20, 20]


def test_all_sources_try_twenty_codes_an_hour_at_one_account_and_forty_a_day(
    world: World,
) -> None:
    attacker, everywhere = Attacker(world), sources()

    tried = attacker.every_ten_seconds(
        lambda: attacker.try_one(person=1, source=next(everywhere)), hours=4
    )

    assert tried == [20, 40, 40, 40]


def test_one_source_tries_sixty_codes_an_hour_at_all_accounts_together(world: World) -> None:
    attacker, numbers = Attacker(world), count()

    def spray() -> None:
        for _ in range(5):
            attacker.try_one(person=next(numbers) % 400 + 1, source=HOME)

    tried = attacker.every_ten_seconds(spray, hours=1)

    assert tried == [60]


def test_all_who_are_unknown_share_one_brake_and_those_who_are_known_pass_it(
    world: World,
) -> None:
    holder = sign_in(world)
    world = replace(world, vault=replace(world.vault, wrong_codes_an_hour=30))
    attacker, everywhere = Attacker(world), sources()

    for number in range(2, 100):
        attacker.try_one(person=number, source=next(everywhere))

    assert attacker.tried.total() == 29  # One place is kept by the sign-in before.
    assert refused(lambda: sign_in(world, source="203.0.113.1")) > 0
    assert refused(lambda: sign_in(world, known=holder.known)) == 0


# Growing delay.


def test_each_refusal_says_when_to_come_back_and_it_gets_later(world: World) -> None:
    world.clock.advance(seconds=1)
    waits = []
    for _ in range(6):
        attempt = start(world, known=marked(world))
        for _ in range(5):
            wait = refused(lambda attempt=attempt: try_wrong(world, attempt))  # type: ignore[misc]
            waits.append(wait)
            world.clock.advance(seconds=wait)

    hour = [60, HOUR - 2 * MINUTE]
    assert [wait for wait in waits if wait] == [59, *hour, 60, *hour, DAY - 2 * HOUR]


def test_a_code_that_is_right_is_no_wrong_one(world: World) -> None:
    for _ in range(8):
        sign_in(world)
        world.clock.advance(seconds=MINUTE)
    attempts = [start(world, source="203.0.113.1") for _ in range(2)]

    waits = []
    for attempt in attempts:
        for _ in range(5):
            wait = refused(lambda attempt=attempt: try_wrong(world, attempt))  # type: ignore[misc]
            waits.append(wait)
        world.clock.advance(seconds=MINUTE)

    assert sum(not wait for wait in waits) == 9


# Codes that are asked for.


def test_one_source_may_ask_for_one_number_five_times_a_minute(world: World) -> None:
    for _ in range(5):
        start(world)

    assert refused(lambda: start(world)) == MINUTE
    start(world, source="192.0.2.2")
    start(world, person=2)
    world.clock.advance(seconds=MINUTE)
    start(world)


def test_strangers_make_a_phone_ring_ten_times_an_hour_and_twenty_times_a_day(
    world: World,
) -> None:
    everywhere, rung, after = sources(), 0, []

    for _ in range(4):
        for _ in range(60):
            refused(lambda: start(world, source=next(everywhere)))
            messages = [one.message_id for one in waiting(world.vault, limit=99)]
            rung += len(messages)
            delivered(world.vault, *messages)
            world.clock.advance(seconds=MINUTE)
        after.append(rung)

    assert after == [10, 20, 20, 20]


def test_no_source_lets_more_than_so_many_messages_wait(world: World) -> None:
    numbers = count()

    for _ in range(STALE_SECONDS):
        for _ in range(3):
            refused(lambda: start(world, person=next(numbers) % 900 + 1))
        world.clock.advance(seconds=1)

    assert world.ports.memory is not None
    assert len(world.ports.memory.rows.messages) == 120


def test_an_ipv6_site_is_one_source_whatever_address_it_comes_from(world: World) -> None:
    for last in range(5):
        start(world, source=f"2001:db8:7:{last}::{last}")

    assert refused(lambda: start(world, source="2001:db8:7:ffff::1")) > 0
    start(world, source="2001:db8:8::1")


def test_ipv4_addresses_are_apart_however_a_proxy_writes_them(world: World) -> None:
    for _ in range(5):
        start(world, source="::ffff:192.0.2.1")

    assert refused(lambda: start(world, source="192.0.2.1")) > 0
    start(world, source="::ffff:198.51.100.1")
    assert network_prefix("::ffff:192.0.2.1") == "192.0.2.0/24"


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:7:8::9", "2001:db8:7::/48"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_what_counts_as_one_source(address: str, source: str) -> None:
    assert source_of(address) == source


def test_codes_that_were_refused_send_nothing(world: World) -> None:
    for _ in range(7):
        refused(lambda: start(world))

    assert world.ports.memory is not None
    rows = world.ports.memory.rows
    assert (len(rows.attempts), len(rows.messages)) == (5, 5)


# Who else is kept out: nobody who has signed in here before.


def test_whoever_uses_an_account_up_does_not_keep_out_a_browser_that_is_known(
    world: World,
) -> None:
    holder = sign_in(world)
    attacker, everywhere = Attacker(world), sources()
    attacker.every_ten_seconds(
        lambda: attacker.try_one(person=1, source=next(everywhere)), hours=3
    )

    stranger = refused(lambda: sign_in(world, source="203.0.113.1"))
    known = refused(lambda: sign_in(world, source="203.0.113.1", known=holder.known))

    assert stranger > 0
    assert known == 0


def test_whoever_used_an_account_up_has_not_done_so_for_good(world: World) -> None:
    attacker, everywhere = Attacker(world), sources()
    attacker.every_ten_seconds(
        lambda: attacker.try_one(person=1, source=next(everywhere)), hours=24
    )

    assert refused(lambda: sign_in(world, source="203.0.113.1")) == 0


def test_a_browser_that_is_known_has_a_budget_and_no_more(world: World) -> None:
    known = sign_in(world).known

    asked = 0
    for _ in range(55):
        asked += not refused(lambda: start(world, known=known))
        world.clock.advance(seconds=MINUTE)

    assert asked == 10


def test_a_browser_is_known_for_its_own_account_alone(world: World) -> None:
    stolen, own = marked(world), marked(world, person=2)
    everywhere = sources()
    for _ in range(10):
        start(world, person=2, source=next(everywhere))

    assert refused(lambda: start(world, person=2, source=next(everywhere), known=stolen)) > 0
    assert refused(lambda: start(world, person=2, source=next(everywhere), known=own)) == 0


# Alike for everybody.


def answers(world: World, *, person: int) -> list[str]:
    """Ask for codes and try them from everywhere, for hours; return all that is said."""
    everywhere, said = sources(), []

    def told(step: Step) -> str:
        try:
            step()
        except VaultError as error:
            return f"{type(error).__name__} {error} {getattr(error, 'retry_after_seconds', None)}"
        return "passed"

    for _ in range(90):
        attempt = start(world, person=person, known=marked(world, person=person))
        finish = partial(finish_sign_in, world.vault, attempt, code="000000")
        said.append(told(lambda: finish(source=next(everywhere))))  # noqa: B023 - called at once
        said.append(told(lambda: start(world, person=person, source=next(everywhere))))
        world.clock.advance(seconds=97)
    return said


def test_numbers_with_and_without_a_space_are_refused_alike(world: World) -> None:
    begun = world.clock.at_ms
    with_a_space = answers(world, person=1)
    world.clock.at_ms = begun

    without = answers(world, person=2)

    assert with_a_space == without
    assert len(set(without)) > 3


@pytest.mark.parametrize("typed", [NUMBER, " 110105 1900-0102 0031 ", WIDE])
def test_every_way_to_write_a_number_is_one_account(world: World, typed: str) -> None:
    today = legal_day(world.clock.now_ms())

    found = number_of("resident_id_18", normalise_ui(typed), today=today)

    plain = parse(IdentifierKind.RESIDENT_ID, NUMBER, today=today)
    assert account_of(world.vault, found) == account_of(world.vault, plain)


def test_an_organisation_is_one_account_whichever_of_its_numbers_is_typed(world: World) -> None:
    number = world.organisation()
    code = str(number.parts["org_code"])
    inside = parse(IdentifierKind.ORGANISATION_CODE, code, today=legal_day(world.clock.now_ms()))

    assert account_of(world.vault, number) == account_of(world.vault, inside)


# What a browser brings back.


@pytest.mark.parametrize(
    "spoil",
    [
        lambda attempt, other: attempt.partition(".")[0],
        lambda attempt, other: attempt.partition(".")[0] + ".",
        lambda attempt, other: attempt[:-4] + "AAAA",
        lambda attempt, other: attempt.partition(".")[0] + "." + other.partition(".")[2],
        lambda attempt, other: attempt + "é",
    ],
)
def test_tries_are_counted_for_the_account_of_the_attempt_and_no_other(
    world: World, spoil: Callable[[str, str], str]
) -> None:
    attempt, other = start(world), start(world, person=2)
    [code] = waiting(world.vault, limit=9)

    with pytest.raises(InvalidInputError):
        finish_sign_in(world.vault, spoil(attempt, other), code=code.code, source=HOME)


# The holder is told.


def warnings(world: World) -> list[str]:
    return [one.contact for one in waiting(world.vault, limit=99) if one.kind == WRONG_CODES]


def test_the_holder_is_told_of_many_wrong_codes_once_a_day(world: World) -> None:
    attacker, everywhere, told = Attacker(world), sources(), []

    for _ in range(TOLD_AT - 1):
        attacker.try_one(person=1, source=next(everywhere))
    told.append(warnings(world))
    attacker.every_ten_seconds(
        lambda: attacker.try_one(person=1, source=next(everywhere)), hours=20
    )
    told.append(warnings(world))
    world.clock.advance(seconds=4 * HOUR)
    attacker.every_ten_seconds(
        lambda: attacker.try_one(person=1, source=next(everywhere)), hours=1
    )
    told.append(warnings(world))

    assert told == [[], [CONTACT], [CONTACT]]


def test_a_number_without_a_space_leaves_a_warning_that_nobody_gets(world: World) -> None:
    attacker, everywhere = Attacker(world), sources()
    for person in (1, 2):
        for _ in range(TOLD_AT):
            attacker.try_one(person=person, source=next(everywhere))

    assert world.ports.memory is not None
    kept = [m for m in world.ports.memory.rows.messages.values() if m.kind == WRONG_CODES]
    assert len({len(one.sealed) for one in kept}) == 1
    assert len(kept) == 2
    assert warnings(world) == [CONTACT]


def test_the_space_says_how_many_wrong_codes_were_tried_yesterday_and_today(world: World) -> None:
    everywhere, seen = sources(), []

    for tries in (3, 2, 0, 0):
        attacker = Attacker(world)
        for _ in range(tries):
            attacker.try_one(person=1, source=next(everywhere))
            attacker.try_one(person=2, source=next(everywhere))
        seen.append(own_space(world.vault, world.member()).wrong_codes)
        world.clock.advance(seconds=DAY)

    assert seen == [3, 5, 2, 0]


# Messages for nobody hold nobody up.


def test_a_flood_of_numbers_without_a_space_does_not_hold_a_holders_code_up(world: World) -> None:
    everywhere = sources()
    for number in range(2, 200):
        start(world, person=number, source=next(everywhere))
    world.clock.advance(seconds=1)
    start(world)

    first = waiting(world.vault, limit=50)

    assert [one.contact for one in first] == [CONTACT]


def test_a_flood_is_dropped_in_steps(world: World) -> None:
    everywhere = sources()
    for number in range(2, 32):
        start(world, person=number, source=next(everywhere))
    world.clock.advance(seconds=1)
    start(world)

    taken = [len(waiting(world.vault, limit=1)) for _ in range(2)]

    assert taken == [0, 1]


def test_a_limit_may_let_more_pass_under_the_same_counters(world: World) -> None:
    limit = Limit.of("rehearsed", "too many", minute=2, day=3)

    more = limit.times(20)

    assert [(rung.seconds, rung.most) for rung in more.rungs] == [(MINUTE, 40), (DAY, 60)]
    assert more.counter(world.vault, b"key", rung=more.rungs[0]) == limit.counter(
        world.vault, b"key", rung=limit.rungs[0]
    )
