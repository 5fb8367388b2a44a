"""Joint surveys in their table."""

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.surveys import Survey
from services.routing.store.work_orders import evidence_to_json

Q = load_queries("services.routing", "sql/surveys.sql")


async def add_survey(connection: Connection, survey: Survey) -> None:
    """Keeps a joint survey; it is never changed."""
    await connection.execute(
        Q.add_survey,
        survey.survey_id,
        survey.case_id,
        survey.site_id,
        list(survey.unit_ids),
        survey.place,
        survey.findings,
        evidence_to_json(survey.evidence),
        survey.recorded_by,
        survey.survey_time,
    )
