"""One fact = one transaction: what happened to a case moves its clocks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from chassis.handling import ReceivedFact
from chassis.work import Work
from services.sla.convert.facts_in import about_persons, act_of
from services.sla.convert.facts_out import published
from services.sla.domain import transitions
from services.sla.domain.acts import Act, Elapsed, Logged, Moment, Registered
from services.sla.domain.docket import Change
from services.sla.domain.policy import Terms
from services.sla.store import files
from services.sla.store.terms import default_terms, load_terms

# Wakes the timer worker, where something fires sooner than it would look.
TIMERS = "timers"
_SOON = timedelta(seconds=60)

_terms: WeakKeyDictionary[Work, dict[str, Terms]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Given:
    """An act to be applied to a case, and where it comes from.

    `known` is when the suite first knew of it, `happened` when it happened; `cause` is the name of
    the fact or command, `actor` who did it.
    """

    case_id: str
    site_id: str
    act: Act
    known: datetime
    actor: str
    cause: str
    happened: datetime


async def on_case_fact(work: Work, fact: ReceivedFact) -> None:
    """Applies what a fact says happened to its case."""
    act = act_of(fact.message, fact.occurred_time)
    if act is None:
        return
    await apply_act(
        work,
        fact.subject_id,
        fact.site_id,
        act,
        # A source whose clock is ahead of ours knew of it no later than now.
        known=min(fact.record_time, work.time),
        actor=fact.actor.subject,
        cause=fact.message.DESCRIPTOR.name,
        happened=fact.occurred_time,
    )
    about = about_persons(fact.message)
    if about:
        await files.save_about(work.connection, fact.subject_id, about)


async def apply_act(
    work: Work,
    case_id: str,
    site_id: str,
    act: Act,
    known: datetime,
    actor: str,
    cause: str,
    happened: datetime,
) -> Change:
    """Applies an act to a locked case, stores what comes of it and records its facts.

    Raises LookupError for a case that was never registered.
    """
    given = Given(case_id, site_id, act, known, actor, cause, happened)
    (change,) = await apply_acts(work, [given])
    return change


async def apply_acts(work: Work, given: Sequence[Given]) -> list[Change]:
    """Applies acts to locked cases, each to another one, in one read and one write.

    Returns a change for each that was kept: for all of them, but that time which passed without
    anything being due is no act. Raises LookupError for a case that was never registered.
    """
    connection = work.connection
    found = await files.load_files(connection, [one.case_id for one in given])
    terms = await terms_of(work, {one.site_id for one in given})
    kept: list[tuple[Change, Logged]] = []
    for one in given:
        file = found.get(one.case_id)
        if file is None and not isinstance(one.act, Registered):
            # Facts about a case name its registration among their causes, so the gate keeps them
            # until it has been applied; one that doesn't can't be judged.
            raise LookupError("an act on a case that was never registered")
        under = terms[one.site_id]
        moment = Moment(work.time, one.known, work.version(one.case_id))
        change = transitions.apply(file, one.act, under, moment, one.site_id, one.case_id)
        if isinstance(one.act, Elapsed) and not change.fired:
            continue
        versions = under.policy.version, under.calendar.version
        kept.append((change, Logged(one.act, moment, *versions, one.actor, one.cause)))
        _record(work, change, one.happened)
    await files.save(connection, kept)
    wake_soon(work, *(change.case.next_wake_time for change, _ in kept))
    return [change for change, _ in kept]


async def terms_of(work: Work, site_ids: Iterable[str]) -> dict[str, Terms]:
    """Returns the terms of sites, the default ones of those whose directory hasn't arrived.

    A transaction asks for a site's terms once, however many facts it brings.
    """
    known = _terms.setdefault(work, {})
    wanted = set(site_ids)
    if not wanted <= known.keys():
        known |= await load_terms(work.connection, *wanted)
    return {site_id: known.get(site_id) or default_terms() for site_id in wanted}


def _record(work: Work, change: Change, happened: datetime) -> None:
    case = change.case
    for fact in published(change, happened, work.time):
        work.record(
            case.case_id,
            case.site_id,
            fact.message,
            occurred_time=fact.occurred_time,
            fact_id=fact.fact_id,
        )


def wake_soon(work: Work, *times: datetime | None) -> None:
    """Wakes the timer worker where something fires sooner than it would look by itself."""
    soon = work.time + _SOON
    if any(time is not None and time < soon for time in times):
        work.wake(TIMERS)
