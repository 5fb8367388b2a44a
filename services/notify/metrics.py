"""Every metric of notify, named and explained in one place."""

from prometheus_client import Counter, Gauge

DELIVERIES_FINISHED = Counter(
    "backstop_deliveries_finished",
    "Messages that ended, by channel and by what became of them.",
    ["channel", "state"],
)
DELIVERIES_DEFERRED = Counter(
    "backstop_deliveries_deferred",
    "Messages put off because a service that knows the address was away.",
)
DELIVERIES_WAITING = Gauge("backstop_deliveries_waiting", "Messages planned and not in hand.")
