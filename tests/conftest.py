"""What every test leaves behind as it found it."""

import logging
from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = ["tests.support.buckets", "tests.support.peers", "tests.support.postgres"]


@pytest.fixture(autouse=True)
def _the_log_is_put_back() -> Iterator[None]:
    """A test that configures the log, as ``serve`` does, would hand its own closed files on."""
    root = logging.getLogger()
    level = root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.setLevel(level)
        for handler in [*root.handlers]:
            if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
                root.removeHandler(handler)
