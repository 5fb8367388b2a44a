"""Who listens to whom: the one table from which exchanges, queues and bindings are made.

Names only, so that every service may read it without knowing another.
"""

from collections.abc import Mapping

# Consuming service → services whose facts it receives.
BINDINGS: Mapping[str, tuple[str, ...]] = {
    "intake": ("routing", "sla", "notify"),
    "routing": ("intake", "sla"),
    "sla": ("intake", "routing"),
    "notify": ("intake", "routing", "sla"),
}
