"""Errors of this package. Each message is safe to show: it names a rule or a field, no value.

PolicyError
├── CatalogueError    data that ships with the project, or a payload, breaks the catalogue
└── ScopeError        a scope does not follow the grammar
"""


class PolicyError(Exception):
    """Root: policies, their data, or a question put to them are malformed."""


class CatalogueError(PolicyError):
    """A catalogue file, or a payload held against the catalogue, breaks a rule.

    Attributes:
        field: The catalogue field it is about, or an empty string; never its value.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        """Keep ``message`` and the ``field`` it is about."""
        super().__init__(message)
        self.field = field


class ScopeError(PolicyError):
    """A scope is not of the form ``ev:<group>:<slug>[:verify|summary|full]``."""
