"""What SlaService is asked about clocks and days. Nothing here changes anything."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from backstop.sla.v1 import sla_service_pb2 as rpc
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceServicer
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.convert import (
    to_date_message,
    to_datetime,
    to_duration,
    to_timedelta,
    to_timestamp,
)
from chassis.database import Connection, Database
from chassis.errors import Refused
from chassis.pages import PageTokens, page_size
from services.sla.convert import questions as convert
from services.sla.convert.clocks import KINDS
from services.sla.convert.facts_in import profile
from services.sla.domain.acts import Logged
from services.sla.domain.calendar import Calendar
from services.sla.domain.clocks import Clock, Due, due, warn_points
from services.sla.domain.events import events
from services.sla.domain.explain import Explanation, explain
from services.sla.domain.kinds import ClockKind, ClockState, Counting
from services.sla.domain.policy import Terms
from services.sla.domain.replay import History, as_of
from services.sla.domain.sight import behind
from services.sla.store import files
from services.sla.store import questions as store
from services.sla.store.questions import Wanted
from services.sla.store.terms import load_terms, load_versions

# Kinds that an appeal itself starts.
_OF_AN_APPEAL = (ClockKind.FIRST_REPLY, ClockKind.PLAN)
# A rule counted in one of these ways says nothing about an instant by itself.
_NOT_COUNTED = (Counting.GIVEN, Counting.LADDER, Counting.OFF)

_COMES_AGAIN = (ClockKind.REMINDER, ClockKind.REVIEW, ClockKind.OUTREACH)

_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
_FIRST_ID = "00000000-0000-0000-0000-000000000000"
_LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_LIVE = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)
_SOON = timedelta(hours=24)
_LONG = timedelta(days=7)


class QuestionsMixin(SlaServiceServicer):
    """Answers from the database as the caller may see it."""

    _app: Database
    _pages: PageTokens

    async def GetCaseClocks(
        self, request: rpc.GetCaseClocksRequest, context: Any
    ) -> rpc.GetCaseClocksResponse:
        call = current_call(request)
        case_id = request.case_id
        instant = _LATEST
        if request.HasField("as_of_time"):
            instant = to_datetime(request.as_of_time, "as_of_time")
        callers = behind(call.actor.subject, call.actor.acting_for)
        async with self._app.read(call.actor) as connection:
            case = await files.load_case(connection, case_id, callers)
            if case is None:
                raise Refused("CLOCKS_NOT_FOUND", case_id=case_id)
            history = None
            if request.HasField("as_of_time") or request.with_events:
                history = await _history(connection, case_id, case.site_id, instant)
                if history is None:
                    raise Refused("CLOCKS_NOT_FOUND", case_id=case_id)
            if history is None or not request.HasField("as_of_time"):
                clocks: Sequence[Clock] = await files.load_all_clocks(connection, case_id)
            else:
                case, clocks = history.case, history.clocks
            late = [clock.clock_id for clock in clocks if clock.breach_time is not None]
            excuses = await store.list_excuses(connection, late, instant)
        told = events(history) if history is not None and request.with_events else ()
        return convert.case_clocks(clocks, excuses, case.next_wake_time, case.pause, told)

    async def ListClocks(
        self, request: rpc.ListClocksRequest, context: Any
    ) -> rpc.ListClocksResponse:
        call = current_call(request)
        size = page_size(request.page_size)
        after = _key(self._pages, request)
        async with self._app.read(call.actor) as connection:
            wanted = await _wanted(connection, call.actor, request, after)
            found = await store.list_clocks(connection, wanted, size + 1)
        page = found[:size]
        response = rpc.ListClocksResponse(clocks=map(convert.listed, page))
        if len(found) > size:
            last = page[-1].clock
            response.next_page_token = self._pages.issue(request, (last.due_time, last.clock_id))
        return response

    async def ComputeDeadlines(
        self, request: rpc.ComputeDeadlinesRequest, context: Any
    ) -> rpc.ComputeDeadlinesResponse:
        start = convert.instant(request.occurred_time, "occurred_time")
        terms = await self._terms(current_call(request).actor, request.site_id)
        about = profile(request.category, request.kind, request.urgency)
        response = rpc.ComputeDeadlinesResponse()
        for kind in map(KINDS.word, request.clocks) if request.clocks else _OF_AN_APPEAL:
            rule = terms.policy.terms(kind, about)
            if rule.counting not in _NOT_COUNTED:
                with convert.within_reach("occurred_time"):
                    when = due(rule, terms.calendar, start)
                    points = warn_points(rule, terms.calendar, start, when.time)
                response.deadlines.append(convert.deadline(kind, when, points, rule))
        return response

    async def ExplainDeadline(
        self, request: rpc.ExplainDeadlineRequest, context: Any
    ) -> rpc.ExplainDeadlineResponse:
        actor = current_call(request).actor
        if request.WhichOneof("of") == "clock_id":
            return await self._explain_clock(actor, request.clock_id)
        asked = request.hypothetical
        start = convert.instant(asked.start_time, "hypothetical.start_time")
        kind = KINDS.word(asked.clock)
        terms = await self._terms(actor, asked.site_id)
        rule = terms.policy.terms(kind, profile(asked.category, asked.kind, asked.urgency))
        if rule.counting in _NOT_COUNTED:
            raise Refused("CLOCK_NOT_COUNTED", clock=kind)
        with convert.within_reach("hypothetical.start_time"):
            when = due(rule, terms.calendar, start)
            found = explain(rule, terms.calendar, start, None, (), when, kind)
        return convert.explanation(found)

    async def AddWorkingDays(
        self, request: rpc.AddWorkingDaysRequest, context: Any
    ) -> rpc.AddWorkingDaysResponse:
        start = convert.day(request.start_date, "start_date")
        terms = await self._terms(current_call(request).actor, request.site_id)
        with convert.within_reach("working_days"):
            day, provisional = terms.calendar.add_working_days(start, request.working_days)
            end = terms.calendar.end_of(day)
        return rpc.AddWorkingDaysResponse(
            date=to_date_message(day), end_time=to_timestamp(end), provisional=provisional
        )

    async def WorkingTimeBetween(
        self, request: rpc.WorkingTimeBetweenRequest, context: Any
    ) -> rpc.WorkingTimeBetweenResponse:
        start, end = convert.instants(request)
        boundaries = convert.boundaries(request, start, end)
        terms = await self._terms(current_call(request).actor, request.site_id)
        calendar = terms.calendar
        first, last = calendar.local_day(start), calendar.local_day(end)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        with convert.within_reach("end_time"):
            cumulative = _cumulative(calendar, start, [*boundaries, end])
            return rpc.WorkingTimeBetweenResponse(
                working_time=to_duration(cumulative[-1]),
                cumulative_working_times=map(to_duration, cumulative[:-1]),
                working_days=calendar.working_days_between(first, last),
                provisional=any(calendar.day(day).provisional for day in days),
            )

    async def _explain_clock(self, actor: Actor, clock_id: str) -> rpc.ExplainDeadlineResponse:
        """Explains a clock by the calendar and the rule that its deadline was counted with."""
        async with self._app.read(actor) as connection:
            callers = behind(actor.subject, actor.acting_for)
            clock = await files.load_clock(connection, clock_id, callers)
            if clock is None:
                raise Refused("CLOCK_NOT_FOUND", clock_id=clock_id)
            versions = clock.policy_version, clock.calendar_version
            terms = await load_versions(connection, clock.site_id, [versions])
        with convert.within_reach("clock_id"):
            return convert.explanation(_explained(clock, terms[versions].calendar))

    async def _terms(self, actor: Actor, site_id: str) -> Terms:
        async with self._app.read(actor) as connection:
            found = await load_terms(connection, site_id)
        if site_id not in found:
            raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)
        return found[site_id]


def _cumulative(
    calendar: Calendar, start: datetime, boundaries: Sequence[datetime]
) -> list[timedelta]:
    """Returns the working time from `start` to each boundary; each stretch is counted once."""
    found: list[timedelta] = []
    total, before = timedelta(0), start
    for boundary in boundaries:
        total += calendar.working_time_between(before, boundary)
        found.append(total)
        before = boundary
    return found


async def _history(
    connection: Connection, case_id: str, site_id: str, instant: datetime
) -> History | None:
    """Returns what sla knew of a case at an instant; None where that was nothing yet."""
    logged = (await files.load_acts(connection, [case_id]))[case_id]
    wanted = [(one.policy_version, one.calendar_version) for one in logged]
    versions = await load_versions(connection, site_id, wanted)

    def terms_of(one: Logged) -> Terms:
        return versions[one.policy_version, one.calendar_version]

    return as_of(case_id, site_id, logged, terms_of, instant)


def _explained(clock: Clock, calendar: Calendar) -> Explanation:
    """Explains a clock by its own rule and pauses, and the calendar that it was counted with."""
    start, pauses = _counted_from(clock), clock.pauses
    when = due(clock.rule, calendar, start, clock.given, pauses)
    if when.time != clock.due_time:
        # What was called off while it stood still was not counted again for that.
        pauses = pauses[:-1]
    stood = Due(clock.due_time, clock.provisional)
    return explain(clock.rule, calendar, start, clock.given, pauses, stood, clock.kind)


def _counted_from(clock: Clock) -> datetime:
    """Returns from when a clock's deadline was counted, also of one that is over."""
    fired = clock.breach_time
    # One that comes again is counted from when it last fired; it may have been stopped since. What
    # was seen to pass at the end of all is the deadline itself.
    if clock.kind in _COMES_AGAIN and fired is not None and fired < clock.due_time:
        return fired
    return clock.start_time


def _key(pages: PageTokens, request: rpc.ListClocksRequest) -> tuple[datetime, str] | None:
    """Returns the (deadline, clock id) after which the page begins, None for the first one."""
    keyset = pages.read(request)
    match keyset:
        case None:
            return None
        case (datetime() as time, str() as clock_id):
            return time, clock_id
        case _:
            raise Refused("INVALID_PAGE_TOKEN")


async def _wanted(
    connection: Connection,
    actor: Actor,
    request: rpc.ListClocksRequest,
    after: tuple[datetime, str] | None,
) -> Wanted:
    now = await decision_time(connection)
    states: Sequence[ClockState] = _LIVE
    earliest, latest = (_EARLIEST, _FIRST_ID), _LATEST
    paused_since = overdue_by = None
    within = to_timedelta(request.within, "within") if request.HasField("within") else None
    match request.view:
        case rpc.CLOCK_VIEW_DUE_SOON:
            states = (ClockState.RUNNING,)
            # A deadline is the first instant that is too late, so one of now is overdue.
            earliest = now, _LAST_ID
            latest = now + (_SOON if within is None else within)
        case rpc.CLOCK_VIEW_OVERDUE:
            # One that runs is overdue, too, if it is past its deadline and hasn't fired yet.
            states = (ClockState.BREACHED, ClockState.RUNNING)
            overdue_by = now
        case rpc.CLOCK_VIEW_PAUSED:
            states = (ClockState.PAUSED,)
            paused_since = now - (_LONG if within is None else within)
    return Wanted(
        site_ids=await _sites(connection, actor, request.site_id),
        after=earliest if after is None else max(after, earliest),
        latest=latest,
        states=states,
        kinds=[KINDS.word(kind) for kind in request.kinds],
        unit_id=request.unit_id,
        category=request.category,
        person_id=request.person_id,
        paused_since=paused_since,
        overdue_by=overdue_by,
        callers=behind(actor.subject, actor.acting_for),
    )


async def _sites(connection: Connection, actor: Actor, site_id: str) -> list[str]:
    """Returns the sites to look at one by one, so that each is read in the order of its index."""
    if site_id:
        return [site_id]
    if "*" in actor.sites:
        return await store.list_sites(connection)
    return sorted(actor.sites)
