"""Each trap of the OAuth kernel that this release can step into has a test that names it.

``dNN`` in the name of a test is trap NN of the list that the authorization server was built
by. The others belong to flows that are not offered yet.
"""

import re
from pathlib import Path
from typing import Final

OFFERED: Final = {*range(1, 17), *range(18, 27)}
LATER: Final = {
    17: "registration by clients themselves",
}


def test_every_trap_is_tested_or_belongs_to_a_later_flow() -> None:
    tested = {
        int(number)
        for path in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
        for number in re.findall(r"_d(\d\d)(?=_)", name)
    }

    assert tested == OFFERED
    assert OFFERED | LATER.keys() == {*range(1, 27)}
