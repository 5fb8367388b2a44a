"""What an operator looks at: flow, quarantine, findings."""

from collections.abc import Iterable, Mapping

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.operations.v1 import operations_service_pb2
from ctl.tables.look import Look, add_pair, pairs


def flow(
    look: Look, rows: Mapping[str, operations_service_pb2.GetFlowResponse | str]
) -> list[RenderableType]:
    """Returns how far each service's facts have got; below it, why a service didn't answer."""
    table = look.table(
        look.words("flow"),
        "service", "unstamped", "feed", "relay", "lag", "parked", "quarantined", "jobs",
        "decision_time",
    )  # fmt: skip
    silent: dict[str, list[str]] = {}
    for service, row in rows.items():
        if isinstance(row, str):
            silent.setdefault(row, []).append(service)
            continue
        table.add_row(
            service,
            str(row.unstamped_count),
            str(row.feed_position),
            str(row.relay_position),
            f"{row.relay_lag.ToTimedelta().total_seconds():.1f}s",
            str(row.parked_count),
            f"[red]{row.quarantined_count}[/]" if row.quarantined_count else "0",
            str(row.open_job_count),
            look.time(row.decision_time),
        )
    # Services that say the same are told of once; some sentences name their service already.
    reasons: list[RenderableType] = []
    for text, services in silent.items():
        named = "" if services[0] in text else f"{', '.join(services)}{look.words('colon')}"
        reasons.append(f"[red]{named}{escape(text)}[/]")
    return [table, *reasons] if table.row_count else reasons


def quarantine(
    look: Look, rows: Iterable[tuple[str, operations_service_pb2.QuarantinedFact]]
) -> Table:
    """Returns the facts that could not be applied, with the service that has them."""
    table = look.table(
        look.words("quarantine"),
        "service", "time", "reason", "source", "subject", "version", "fact_type", "detail",
        "name",
        wide="detail",
    )  # fmt: skip
    for service, one in rows:
        table.add_row(
            service,
            look.time(one.quarantine_time),
            look.words.value(operations_service_pb2.QuarantineReason.DESCRIPTOR, one.reason),
            escape(one.fact.source),
            escape(one.fact.subject_id),
            str(one.fact.subject_version),
            escape(one.fact.type.rpartition(".")[2]),
            escape(one.detail),
            one.quarantine_id,
        )
    return table


def quarantined(look: Look, one: operations_service_pb2.QuarantinedFact) -> Table:
    """Returns one of them in full; the payload stays bytes."""
    words = look.words
    table = pairs()
    add_pair(table, words("name"), f"[bold]{escape(one.quarantine_id)}[/]")
    reasons = operations_service_pb2.QuarantineReason.DESCRIPTOR
    add_pair(table, words("reason"), words.value(reasons, one.reason))
    add_pair(table, words("detail"), escape(one.detail))
    add_pair(table, words("time"), look.time(one.quarantine_time))
    add_pair(table, words("source"), escape(one.fact.source))
    add_pair(table, words("site"), escape(one.fact.site_id))
    add_pair(table, words("subject"), escape(one.fact.subject_id))
    add_pair(table, words("version"), str(one.fact.subject_version))
    add_pair(table, words("fact_type"), escape(one.fact.type))
    add_pair(table, words("occurred_time"), look.time(one.fact.occurred_time))
    add_pair(table, "payload", f"{len(one.fact.payload)} B" if one.fact.payload else "")
    add_pair(table, "raw", f"{len(one.raw)} B" if one.raw else "")
    return table


def findings(look: Look, rows: Iterable[tuple[str, operations_service_pb2.Finding]]) -> Table:
    """Returns broken invariants, with the service that found them."""
    table = look.table("fsck", "service", "check", "site", "subject", "detail", wide="detail")
    for service, one in rows:
        table.add_row(
            service,
            f"[red]{escape(one.check)}[/]",
            escape(one.site_id),
            escape(one.subject_id),
            escape(one.detail),
        )
    return table
