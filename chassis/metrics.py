"""Every metric of the chassis, named and explained in one place.

Labels are bounded by construction: method paths come from the descriptors, never from the wire.
"""

from prometheus_client import Counter, Gauge, Histogram

# From a read answered by an index to the longest deadline a call may have.
_LATENCY_BUCKETS = (
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.0, 2.5, 5.0, 10.0, 30.0
)  # fmt: skip

RPC_SECONDS = Histogram(
    "backstop_rpc_seconds",
    "Time from the arrival of a call to its status, streams included.",
    ["method"],
    buckets=_LATENCY_BUCKETS,
)
RPC_CODES = Counter(
    "backstop_rpc",
    "Calls finished, by method, canonical code and reason.",
    ["method", "code", "reason"],
)
RPC_IN_FLIGHT = Gauge("backstop_rpc_in_flight", "Calls being served now.")
RPC_OVERLOADED = Counter(
    "backstop_rpc_overloaded", "Calls refused because too many were in flight."
)
CLIENT_SECONDS = Histogram(
    "backstop_client_rpc_seconds",
    "Time a call to a peer took, by peer.",
    ["peer"],
    buckets=_LATENCY_BUCKETS,
)
CLIENT_CODES = Counter(
    "backstop_client_rpc", "Calls to peers finished, by peer and canonical code.", ["peer", "code"]
)
WORKER_FAILURES = Counter(
    "backstop_worker_failures", "Steps of a worker that failed, by worker.", ["worker"]
)
WORKERS_RESTARTED = Counter(
    "backstop_workers_restarted", "Workers that ended before they were told to.", ["worker"]
)
SERVING = Gauge("backstop_serving", "1 while the service answers SERVING to health checks.")
BUILD = Gauge("backstop_service", "Always 1; labels name the service.", ["service"])

FACTS_PUBLISHED = Counter(
    "backstop_facts_published", "Facts confirmed by the broker, by source.", ["source"]
)
FACTS_STAMPED = Counter(
    "backstop_facts_stamped", "Facts given their place in the feed.", ["source"]
)
RELAY_LAG_SECONDS = Gauge(
    "backstop_relay_lag_seconds", "Age of the oldest fact not published yet.", ["source"]
)
RELAY_OPEN = Gauge(
    "backstop_relay_open",
    "1 while this process publishes and sees every expected queue.",
    ["source"],
)
FACTS_RECEIVED = Counter(
    "backstop_facts_received",
    "Facts that came to the gate, by consumer, source and what became of them.",
    ["consumer", "source", "fate"],
)
FACTS_PULLED = Counter(
    "backstop_facts_pulled", "Missing facts asked from their source.", ["consumer", "source"]
)
FACTS_QUARANTINED = Counter(
    "backstop_facts_quarantined",
    "Facts put into quarantine, by consumer and reason.",
    ["consumer", "reason"],
)
APPLY_SECONDS = Histogram(
    "backstop_apply_seconds",
    "Time to apply one batch of facts, commit included.",
    ["consumer"],
    buckets=_LATENCY_BUCKETS,
)
JOB_STEPS = Counter("backstop_job_steps", "Steps of jobs done, by kind.", ["kind"])
CLOCK_HELD = Gauge(
    "backstop_clock_held", "1 while clocks disagree and nothing that depends on time may fire."
)
CLOCK_DISAGREEMENT_SECONDS = Gauge(
    "backstop_clock_disagreement_seconds", "Database clock minus process clock."
)
