"""Several departments looking together (联合查勘)."""

from chassis.errors import Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.routing.convert import work_orders as convert
from services.routing.domain.commands.work_orders import RecordJointSurvey
from services.routing.domain.route import RouteState
from services.routing.domain.surveys import Survey
from services.routing.domain.work_orders import CLOCK_SKEW
from services.routing.handlers import holding, shielding
from services.routing.store import directory as sites
from services.routing.store import surveys as store


async def record_joint_survey(work: Work, command: RecordJointSurvey) -> Receipt:
    """Keeps what several departments found at one visit; allowed until the case is closed."""
    file = await holding.hold(work, command.case_id, command.expected_version)
    route = file.route
    if route.state is RouteState.CLOSED:
        raise Refused("CASE_NOT_OPEN", case_id=route.case_id)
    site = await holding.site(work, route.site_id)
    await shielding.require_clear(work, site, route)
    # One that was dissolved since may have been there.
    known = {unit.unit_id for unit in await sites.list_units(work.connection, site.site_id)}
    for unit_id in command.unit_ids:
        if unit_id not in known:
            raise Refused("NO_SUCH_UNIT", unit_id=unit_id)
    survey_time = command.survey_time or work.time
    if survey_time > work.time + CLOCK_SKEW:
        raise Refused("TIME_IN_FUTURE", field="survey_time")
    survey = Survey(
        survey_id=new_id(),
        case_id=route.case_id,
        site_id=route.site_id,
        unit_ids=command.unit_ids,
        place=command.place,
        findings=command.findings,
        evidence=command.evidence,
        recorded_by=work.actor.subject,
        survey_time=survey_time,
    )
    await store.add_survey(work.connection, survey)
    work.record(
        route.case_id,
        route.site_id,
        convert.joint_survey_recorded(survey),
        occurred_time=survey_time,
    )
    return holding.receipt(work, command.case_id)
