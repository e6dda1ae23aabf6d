"""A route that reads its request itself: the one that stands before every pull.

FastAPI's solving of dependencies costs more than reading the record. The signature of the
endpoint still makes the OpenAPI document, and the tests of that document hold the two together;
what it says about parameters is checked here, with the same words.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from api.deps import Presented, Wired, presented, wired
from api.routers.strict import TOKEN_PARAMETER, malformed
from policies.scopes import View

MAX_CODE_CHARACTERS: Final = 16
MAX_FIELDS_CHARACTERS: Final = 4096
FIELD_NAMES: Final = "^[a-z][a-z0-9_]{0,63}(,[a-z][a-z0-9_]{0,63}){0,99}$"

_FIELD_NAMES: Final = re.compile(FIELD_NAMES)
_VIEWS: Final = frozenset(view.label for view in View)
_KNOWN: Final = frozenset({"fields", "view", TOKEN_PARAMETER})
