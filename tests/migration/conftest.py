"""The same servers and databases as the integration tests."""

from tests.integration.conftest import database_for, databases, servers

__all__ = ["database_for", "databases", "servers"]
