"""Calendars and policies: asked for, published, and tried out beforehand."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

from backstop.sla.v1 import sla_policy_pb2
from backstop.sla.v1 import sla_service_pb2 as rpc
from backstop.sla.v1.sla_service_pb2_grpc import SlaServiceServicer
from chassis.call import Call, current_call
from chassis.clock import decision_time
from chassis.database import Connection, Database
from chassis.errors import Refused
from chassis.work import once
from services.sla.convert.calendar import plan_of
from services.sla.convert.policy import effective_rules, rules_of
from services.sla.convert.questions import within_reach
from services.sla.domain.calendar import Calendar, check
from services.sla.domain.policy import Policy, PolicyRule, Terms
from services.sla.domain.preview import changed_days
from services.sla.domain.years import missing_years
from services.sla.handlers import publishing
from services.sla.handlers.publishing import GROUP
from services.sla.rpc.previews import Preview
from services.sla.store import terms as store
from services.sla.store.terms import Site


class PublishingMixin(SlaServiceServicer):
    """Answers from the database as the caller may see it; publishes through the handlers."""

    _app: Database

    async def GetCalendar(
        self, request: rpc.GetCalendarRequest, context: Any
    ) -> rpc.GetCalendarResponse:
        async with self._app.read(current_call(request).actor) as connection:
            site = await _site(connection, request.site_id)
            version = request.version or site.calendar_version
            calendar = await store.load_calendar_document(connection, site.site_id, version)
            if calendar is None:
                raise _no_such_version(request)
            in_force = (await store.load_terms(connection, site.site_id))[site.site_id].calendar
            missing = missing_years(in_force, await decision_time(connection))
        return rpc.GetCalendarResponse(calendar=calendar, missing_years=missing)

    async def PublishCalendar(
        self, request: rpc.PublishCalendarRequest, context: Any
    ) -> rpc.PublishCalendarResponse:
        call = current_call(request)
        body = partial(
            publishing.publish_calendar,
            message=request.calendar,
            expected_version=request.expected_version,
        )
        receipt = await once(self._app, call, body)
        async with self._app.read(call.actor) as connection:
            calendar = await store.load_calendar_document(
                connection, request.calendar.site_id, receipt.version
            )
        if calendar is None:
            # A replay, by someone who has lost the site since.
            raise Refused("CALENDAR_NOT_FOUND", site_id=request.calendar.site_id)
        return rpc.PublishCalendarResponse(calendar=calendar, job_id=receipt.outcome)

    async def GetPolicy(self, request: rpc.GetPolicyRequest, context: Any) -> rpc.GetPolicyResponse:
        async with self._app.read(current_call(request).actor) as connection:
            if request.site_id == GROUP:
                return await _template(connection, request)
            site = await _site(connection, request.site_id)
            version = request.version or site.policy_version
            policy = await store.load_policy_document(connection, site.site_id, version)
            if policy is None:
                raise _no_such_version(request)
            key = version, site.calendar_version
            found = await store.load_versions(connection, site.site_id, (key,))
        return rpc.GetPolicyResponse(policy=policy, effective=effective_rules(found[key].policy))

    async def PublishPolicy(
        self, request: rpc.PublishPolicyRequest, context: Any
    ) -> rpc.PublishPolicyResponse:
        call = current_call(request)
        body = partial(
            publishing.publish_policy,
            message=request.policy,
            expected_version=request.expected_version,
            apply_to_running=request.apply_to_running,
        )
        receipt = await once(self._app, call, body)
        policy = await self._published(call, request.policy.site_id, receipt.version)
        return rpc.PublishPolicyResponse(policy=policy, job_id=receipt.outcome)

    async def PreviewCalendar(
        self, request: rpc.PreviewCalendarRequest, context: Any
    ) -> AsyncIterator[rpc.PreviewCalendarResponse]:
        actor = current_call(request).actor
        plan = plan_of(request.calendar)
        check(plan)
        async with self._app.read(actor) as connection:
            site = await _site(connection, request.calendar.site_id)
            terms = (await store.load_terms(connection, site.site_id))[site.site_id]
            now = await decision_time(connection)
        after = replace(terms, calendar=Calendar(terms.calendar.zone, plan))
        with within_reach("calendar"):
            within = changed_days(terms.calendar, after.calendar)
        preview = Preview(self._app, actor, now, request.max_listed)
        with within_reach("calendar"):
            async for event in preview.of_calendar(site.site_id, after, within):
                yield rpc.PreviewCalendarResponse(event=event)

    async def PreviewPolicy(
        self, request: rpc.PreviewPolicyRequest, context: Any
    ) -> AsyncIterator[rpc.PreviewPolicyResponse]:
        actor = current_call(request).actor
        rules = rules_of(request.policy)
        async with self._app.read(actor) as connection:
            if request.policy.site_id == GROUP:
                publishing.check_group(actor.sites)
                under = await _under_template(connection, rules)
            else:
                under = await _under_policy(connection, request.policy, rules)
            now = await decision_time(connection)
        preview = Preview(self._app, actor, now, request.max_listed)
        with within_reach("policy"):
            async for event in preview.of_policy(under):
                yield rpc.PreviewPolicyResponse(event=event)

    async def _published(self, call: Call, site_id: str, version: int) -> sla_policy_pb2.Policy:
        async with self._app.read(call.actor) as connection:
            if site_id == GROUP:
                policy = await store.load_template(connection, version)
            else:
                policy = await store.load_policy_document(connection, site_id, version)
        if policy is None:
            raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)
        return policy


# Reading --------------------------------------------------------------------------------------


async def _site(connection: Connection, site_id: str) -> Site:
    site = await store.load_site(connection, site_id)
    if site is None:
        raise Refused("CALENDAR_NOT_FOUND", site_id=site_id)
    return site


async def _template(connection: Connection, request: rpc.GetPolicyRequest) -> rpc.GetPolicyResponse:
    policy = await store.load_template(connection, request.version)
    if policy is None:
        if request.version:
            raise _no_such_version(request)
        # Before the first one, sites inherit nothing.
        policy = sla_policy_pb2.Policy(site_id=GROUP)
    effective = effective_rules(Policy(group_rules=rules_of(policy)))
    return rpc.GetPolicyResponse(policy=policy, effective=effective)


def _no_such_version(request: rpc.GetCalendarRequest | rpc.GetPolicyRequest) -> Refused:
    return Refused("NO_SUCH_VERSION", site_id=request.site_id, version=request.version)


# What would be in force ------------------------------------------------------------------------


async def _under_policy(
    connection: Connection, policy: sla_policy_pb2.Policy, rules: tuple[PolicyRule, ...]
) -> dict[str, Terms]:
    site = await _site(connection, policy.site_id)
    terms = (await store.load_terms(connection, site.site_id))[site.site_id]
    template = None if policy.detached else await store.load_template(connection)
    inherited = () if template is None else rules_of(template)
    return {site.site_id: replace(terms, policy=Policy(0, rules, inherited))}


async def _under_template(
    connection: Connection, rules: tuple[PolicyRule, ...]
) -> dict[str, Terms]:
    """Returns the terms of all sites that inherit the template, as if it were this one."""
    under: dict[str, Terms] = {}
    for site in await store.list_sites(connection):
        own = await store.load_policy_document(connection, site.site_id, site.policy_version)
        if own is not None and not own.detached:
            terms = (await store.load_terms(connection, site.site_id))[site.site_id]
            policy = Policy(0, terms.policy.site_rules, rules)
            under[site.site_id] = replace(terms, policy=policy)
    return under
