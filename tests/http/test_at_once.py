"""What somebody does several times at once has one outcome, on each kind of database."""

import threading
from concurrent.futures import ThreadPoolExecutor

from api.oauth.prompts import PROMPTS_AN_HOUR
from tests.support.http_world import HttpWorld

TIMES = 6
ROUNDS = 20


def test_a_browser_that_loads_a_request_many_times_at_once_has_one_page(world: HttpWorld) -> None:
    person, _ = world.settled()
    uri = world.market.push(world.market.open_case(person).json()["case_no"])
    address = f"/oauth/authorize?client_id={world.market.client_id}&request_uri={uri}"
    first = world.http.get(address)
    cookies = "; ".join(f"{name}={value}" for name, value in first.cookies.items())
    case_no = world.market.open_case(person).json()["case_no"]
    together = threading.Barrier(TIMES)

    def load(address: str) -> tuple[int, str]:
        together.wait()
        answer = world.http.get(address, headers={"Cookie": cookies})
        return answer.status_code, answer.headers.get("location", "")

    with ThreadPoolExecutor(TIMES) as threads:
        for _ in range(ROUNDS):
            name = world.market.push(case_no)
            where = f"/oauth/authorize?client_id={world.market.client_id}&request_uri={name}"
            [(status, location)] = set(threads.map(load, [where] * TIMES))
            assert status == 303
            assert location.startswith("/space/consent/")


def test_a_page_that_is_loaded_many_times_at_once_is_shown_each_time_and_counts_once(
    world: HttpWorld,
) -> None:
    person, _ = world.settled()
    browser = world.browser(person)
    together = threading.Barrier(TIMES)

    def load(address: str) -> int:
        together.wait()
        return browser.get(address).status_code

    with ThreadPoolExecutor(TIMES) as threads:
        for _ in range(PROMPTS_AN_HOUR):
            name = world.market.push(world.market.open_case(person).json()["case_no"])
            where = f"/oauth/authorize?client_id={world.market.client_id}&request_uri={name}"
            page = browser.get(where).headers["location"]
            assert set(threads.map(load, [page] * TIMES)) == {200}
