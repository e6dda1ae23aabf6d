"""What can happen, and why it was lawful: names that stand in every entry (journal.md 3).

They are format: once released, a name is never changed and never used for something else.
"""

from enum import StrEnum


class Kind(StrEnum):
    """What happened."""

    DEPOSIT = "deposit"
    VERSION = "version"
    STATUS = "status"
    CONSENT_GIVE = "consent.give"
    CONSENT_NARROW = "consent.narrow"
    CONSENT_PAUSE = "consent.pause"
    CONSENT_RESUME = "consent.resume"
    CONSENT_REVOKE = "consent.revoke"
    CONSENT_END = "consent.end"
    DUTY_OPEN = "duty.open"
    PULL = "pull"
    LIST = "list"
    REFUSAL = "refusal"
    OWN_READ = "own.read"
    OWN_EXPORT = "own.export"
    MANDATE_GIVE = "mandate.give"
    MANDATE_NARROW = "mandate.narrow"
    MANDATE_END = "mandate.end"
    OFFICER_READ = "officer.read"
    OFFICER_EXPORT = "officer.export"
    OFFICER_APPOINT = "officer.appoint"
    OFFICER_SUSPEND = "officer.suspend"
    OFFICER_END = "officer.end"
    BREAKGLASS_OPEN = "breakglass.open"
    BREAKGLASS_READ = "breakglass.read"
    BREAKGLASS_UNSEAL = "breakglass.unseal"
    USE = "use"
    HOLDER_OPENED = "holder.opened"
    HOLDER_CHANGED = "holder.changed"
    HOLDER_ERASED = "holder.erased"
    HOLDER_ERASURE_FINAL = "holder.erasure.final"
    CASE_OPEN = "case.open"
    CASE_STATE = "case.state"
    CLIENT_DEPARTMENT = "client.department"
    CLIENT_REGISTER = "client.register"
    CLIENT_CHANGE = "client.change"
    CLIENT_SUSPEND = "client.suspend"
    CLIENT_RESUME = "client.resume"
    CLIENT_CLOSE = "client.close"
    POLICY_ACTIVATE = "policy.activate"
    KEY_ROTATE = "key.rotate"
    KEY_REWRAP = "key.rewrap"
    KEY_DESTROY = "key.destroy"
    KEY_READ = "key.read"
    LOG_OPENED = "log.opened"
    LOG_CLOSED = "log.closed"
    LOG_SUMMED = "log.summed"
    LOG_PRUNED = "log.pruned"


class Basis(StrEnum):
    """Why it was lawful; one of three for whatever leaves a space (architecture.md 4)."""

    CONSENT = "consent"
    DUTY = "duty"
    MANDATE = "mandate"
    OWN = "own"
    SYSTEM = "system"
