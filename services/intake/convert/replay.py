"""The case file as it stood at an instant, rebuilt from the facts alone.

What counts is when a fact was put on record, by whichever service: what sla had recorded by then
was so then, although intake heard of it later. Between services nothing but that time tells which
fact came first; where it is the same, intake's own does. Within a service it is the version, and a
fact is of no earlier time than the one before it. None comes before the registration.

A file rebuilt so lacks what no fact of the case tells: `hands`, `followers`, and of a link whom the
other case is about. Facts of types unknown here change nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from backstop.intake.v1 import intake_facts_pb2
from services.intake.convert import replay_others, replay_own
from services.intake.domain import clocks
from services.intake.domain.values import CaseFile, Step

_OWN = "intake"
_TYPES = {kind.DESCRIPTOR.full_name: kind for kind in replay_own.APPLIED}


def file_as_of(
    steps: Iterable[Step], zone: ZoneInfo, instant: datetime | None = None
) -> CaseFile | None:
    """Returns the file that a case's steps make, in whatever order they come.

    `steps` are all of its steps up to `instant`, or of all times, which counts where it is None;
    `zone` is the site's. None before the registration.
    """
    dated = in_order(steps)
    if not dated or (instant is not None and dated[0][0] > instant):
        return None
    first = dated[0][1]
    file = replay_own.registered(
        intake_facts_pb2.CaseRegistered.FromString(first.payload), first, zone
    )
    for recorded, step in dated[1:]:
        if instant is not None and recorded > instant:
            break
        file = _own(file, step) if step.source == _OWN else _others(file, step)
    return file


def in_order(steps: Iterable[Step]) -> list[tuple[datetime, Step]]:
    """Returns steps in the order in which they count, each with the instant it counts from.

    Empty where the registration isn't among them.
    """
    by_source: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda one: one.version):
        by_source.setdefault(step.source, []).append(step)
    own = by_source.get(_OWN, [])
    if not own or own[0].version != 1:
        return []
    begun = own[0].record_time
    dated = [pair for line in by_source.values() for pair in _dated(line, begun)]
    return sorted(
        dated,
        key=lambda pair: (pair[0], pair[1].source != _OWN, pair[1].source, pair[1].version),
    )


def _dated(line: Sequence[Step], begun: datetime) -> Iterable[tuple[datetime, Step]]:
    latest = begun
    for step in line:
        latest = max(latest, step.record_time)
        yield latest, step


def _own(file: CaseFile, step: Step) -> CaseFile:
    kind = _TYPES.get(step.type)
    if kind is not None:
        file = replay_own.APPLIED[kind](file, kind.FromString(step.payload), step)
    return replace(file, case=replace(file.case, version=step.version))


def _others(file: CaseFile, step: Step) -> CaseFile:
    kind = replay_others.TYPES.get(step.type)
    if kind is None:
        return file
    message = kind.FromString(step.payload)
    case = replay_others.case_after(file.case, message, step.occurred_time)
    orders = replay_others.orders_after(file.work_orders, message)
    told = replay_others.clocks_of(message)
    if told is None:
        return replace(file, case=case, work_orders=orders)
    now = clocks.told(file.clocks, told)
    if case.open:
        case = replace(case, due_time=clocks.next_due(now))
    return replace(file, case=case, clocks=now)
