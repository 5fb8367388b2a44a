"""Did each case end as it was told? Every expectation of a story, checked against the suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backstop.intake.v1 import intake_pb2
from backstop.notify.v1 import notify_pb2
from backstop.sla.v1 import sla_pb2
from deploy.demo.stage import Stage, is_grace
from deploy.demo.story import Story

# What is left to a unit after its work order's deadline, before the case climbs.
GRACE: Final = "GRACE"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a case came to, and where that differs from what was told."""

    story: Story
    case: intake_pb2.Case
    breached: Sequence[str]
    differences: Sequence[str]


async def judge(stage: Stage, story: Story) -> Verdict:
    """Compares one case with its story."""
    case_id = stage.told[story.key].case_id
    case = await stage.case(case_id)
    clocks = await stage.clocks(case_id)
    deliveries = await stage.deliveries(case_id)
    breached = sorted(
        GRACE if is_grace(one) else _kind(one) for one in clocks if one.HasField("breach_time")
    )
    found = {
        "state": _name(intake_pb2.CaseState, case.state, "CASE_STATE_"),
        "outcome": _name(intake_pb2.Outcome, case.outcome, "OUTCOME_"),
        "steward": case.steward,
        "level": str(case.level),
        "cycle": str(case.cycle),
        "reopened": str(case.reopen_count),
        "breached": breached,
        "basis": _name(
            intake_pb2.ConfirmationBasis, case.confirmation_basis, "CONFIRMATION_BASIS_"
        ),
        "grade": _name(intake_pb2.Grade, case.grade, "GRADE_"),
        "links": {
            _key_of(stage, link.case_id): _name(intake_pb2.Relation, link.relation, "RELATION_")
            for link in case.links
        },
    }
    differences = [
        f"{name}: {found[name]} ≠ {wanted}"
        for name, wanted in {"links": {}, **story.expect}.items()
        if found[name] != _plain(wanted)
    ]
    differences += _loose_ends(clocks, deliveries)
    return Verdict(story, case, breached, differences)


def _loose_ends(
    clocks: Sequence[sla_pb2.Clock], deliveries: Sequence[notify_pb2.Delivery]
) -> list[str]:
    """What no ended case may have: a clock that still runs, a message that did not go out."""
    found = [f"{_kind(clock)} still runs" for clock in clocks if not clock.HasField("stop_time")]
    found += [
        f"{one.template} to {one.recipient}: {notify_pb2.DeliveryState.Name(one.state)}"
        for one in deliveries
        if one.state != notify_pb2.DELIVERY_STATE_SENT
    ]
    if not deliveries:
        found.append("nobody was told anything")
    return found


def _kind(clock: sla_pb2.Clock) -> str:
    return _name(sla_pb2.ClockKind, clock.kind, "CLOCK_KIND_")


def _name(enum: Any, number: int, prefix: str) -> str:
    return str(enum.Name(number)).removeprefix(prefix)


def _key_of(stage: Stage, case_id: str) -> str:
    return next((key for key, told in stage.told.items() if told.case_id == case_id), case_id)


def _plain(wanted: Any) -> Any:
    if isinstance(wanted, Mapping):
        return dict(wanted)
    return sorted(wanted) if isinstance(wanted, list) else wanted
