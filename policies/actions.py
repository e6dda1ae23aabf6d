"""What somebody wants to do, and by which facts each action is judged."""

from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """What somebody wants to do."""

    PULL = "pull"
    LIST = "list"
    DEPOSIT = "deposit"
    STATUS = "status"
    CONSENT_GIVE = "consent.give"
    CONSENT_REFUSE = "consent.refuse"
    CONSENT_REPORT = "consent.report"
    CONSENT_MISMATCH = "consent.mismatch"
    CONSENT_END = "consent.end"
    CONSENT_RESUME = "consent.resume"
    CONSENT_RETURN = "consent.return"
    OWN_READ = "own.read"
    OWN_EXPORT = "own.export"
    PASSKEY_FIRST = "passkey.first"
    PASSKEY_ADD = "passkey.add"
    PASSKEY_REMOVE = "passkey.remove"
    CASE_OPEN = "case.open"
    USE = "use"
    DEMAND_ASK = "demand.ask"
    DEMAND_ANSWER = "demand.answer"
    MANDATE_GIVE = "mandate.give"
    MANDATE_NARROW = "mandate.narrow"
    MANDATE_END = "mandate.end"
    MANDATE_EXCHANGE = "mandate.exchange"
    SYSTEM = "system"


_CLIENT: Final = frozenset({"client", "holder"})
_MEMBER: Final = frozenset({"holder", "member"})
_ASKED: Final = frozenset({"code", "level", "view"})
_MANDATE: Final = frozenset({"mandate"})
NEEDS: Final = {
    Action.PULL: _CLIENT | _ASKED,
    Action.LIST: _CLIENT,
    Action.DEPOSIT: _CLIENT | {"code"},
    Action.STATUS: _CLIENT | {"code", "record"},
    Action.CONSENT_GIVE: _MEMBER | _ASKED | {"client"},
    Action.CONSENT_REFUSE: _MEMBER,
    Action.CONSENT_REPORT: _MEMBER,
    Action.CONSENT_MISMATCH: _MEMBER,
    Action.CONSENT_END: _MEMBER | {"consent"},
    Action.CONSENT_RESUME: _MEMBER | {"consent", "level"},
    Action.CONSENT_RETURN: _CLIENT | {"consent"},
    Action.OWN_READ: _MEMBER | {"record"},
    Action.OWN_EXPORT: _MEMBER,
    Action.PASSKEY_FIRST: _MEMBER,
    Action.PASSKEY_ADD: _MEMBER,
    Action.PASSKEY_REMOVE: _MEMBER,
    Action.CASE_OPEN: _CLIENT | {"case"},
    Action.USE: _CLIENT,
    Action.DEMAND_ASK: _MEMBER,
    Action.DEMAND_ANSWER: _CLIENT,
    Action.MANDATE_GIVE: _MEMBER,
    Action.MANDATE_NARROW: _MEMBER | _MANDATE,
    Action.MANDATE_END: _MEMBER | _MANDATE,
    Action.MANDATE_EXCHANGE: _CLIENT | _ASKED | _MANDATE | {"consent"},
    Action.SYSTEM: frozenset[str](),
}
"""Facts without which an action cannot be judged."""

MEMBER_ACTS: Final = frozenset(action for action, needs in NEEDS.items() if "member" in needs)
"""Done by a person."""

MAY: Final = {
    Action.PULL: _MANDATE | {"case", "consent", "fields", "parent", "record", "requirement"},
    Action.LIST: _MANDATE | {"case", "consent", "parent"},
    Action.DEPOSIT: frozenset({"level", "record"}),
    Action.STATUS: frozenset({"level"}),
    Action.CONSENT_GIVE: _MANDATE | {"case", "fields", "requirement"},
    Action.CONSENT_REFUSE: _MANDATE,
    Action.CONSENT_REPORT: _MANDATE,
    Action.CONSENT_MISMATCH: _MANDATE,
    Action.CONSENT_END: _MANDATE,
    Action.CONSENT_RESUME: frozenset[str](),
    Action.CONSENT_RETURN: frozenset[str](),
    Action.OWN_READ: _MANDATE | {"code", "level"},
    Action.OWN_EXPORT: frozenset[str](),
    Action.PASSKEY_FIRST: frozenset[str](),
    Action.PASSKEY_ADD: frozenset[str](),
    Action.PASSKEY_REMOVE: frozenset[str](),
    Action.CASE_OPEN: frozenset[str](),
    Action.USE: frozenset[str](),
    Action.DEMAND_ASK: frozenset[str](),
    Action.DEMAND_ANSWER: frozenset[str](),
    Action.MANDATE_GIVE: _MANDATE,
    Action.MANDATE_NARROW: frozenset[str](),
    Action.MANDATE_END: frozenset[str](),
    Action.MANDATE_EXCHANGE: frozenset({"case", "fields", "requirement"}),
    Action.SYSTEM: frozenset[str](),
}
"""Facts that may be absent; their absence is judged."""
