"""Who answers for which unit: the matrix, published and read, and what it comes to."""

from datetime import date
from functools import partial
from typing import Any

from backstop.routing.v1 import routing_organisation_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.convert import to_date
from chassis.errors import Refused
from chassis.work import Receipt, once
from services.routing.convert import matrix as convert
from services.routing.convert.changes import change_message
from services.routing.convert.common import opt_instant
from services.routing.domain.changes import of_matrices
from services.routing.domain.coverage import gaps, held_on, missing_on, spans
from services.routing.domain.periods import require_period
from services.routing.handlers import answering, matrix
from services.routing.rpc.common import Base, site_of
from services.routing.store import matrix as store

# Ten years, three of them leap years.
MOST_DAYS = 3653


class MatrixMixin(Base):
    """Who answers for which unit: the matrix, published and read, and what it comes to."""

    async def PublishMatrix(
        self, request: rpc.PublishMatrixRequest, context: Any
    ) -> rpc.PublishMatrixResponse:
        command = convert.publish_matrix(request)
        call = current_call(request)
        if request.validate_only:
            async with self.app.read(call.actor) as connection:
                site = await site_of(connection, request.site_id)
                time = await decision_time(connection)
                preview = await matrix.preview_matrix(connection, site, command.matrix, time)
            return convert.preview_message(preview)
        receipt = await once(self.app, call, partial(matrix.publish_matrix, command=command))
        return await self._published(call.actor, request.site_id, receipt)

    async def GetMatrix(self, request: pb.GetMatrixRequest, context: Any) -> pb.GetMatrixResponse:
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            version = request.version or site.matrix_version
            published = await store.load_published(connection, site.site_id, version)
            if published is None and request.version:
                raise Refused("NO_SUCH_LIST_VERSION", version=request.version)
            rows = await store.list_matrix(connection, site.site_id, version)
        return convert.matrix_message(site.site_id, published, rows)

    async def WhoAnswersFor(
        self, request: pb.WhoAnswersForRequest, context: Any
    ) -> pb.WhoAnswersForResponse:
        at_time = opt_instant(request.HasField("at_time"), request.at_time, "at_time")
        known_time = opt_instant(request.HasField("known_time"), request.known_time, "known_time")
        async with self.app.read(current_call(request).actor) as connection:
            instant = await answering.instant_of(connection, request.site_id, at_time, known_time)
            answers = await answering.who_answers(connection, instant, request.unit_id)
        return convert.answers_message(answers, instant.matrix_version)

    async def GetCoverage(
        self, request: rpc.GetCoverageRequest, context: Any
    ) -> rpc.GetCoverageResponse:
        at_time = opt_instant(request.HasField("at_time"), request.at_time, "at_time")
        period = _period(request)
        async with self.app.read(current_call(request).actor) as connection:
            instant = await answering.instant_of(connection, request.site_id, at_time)
            first = None if period is None else period[0]
            known = await answering.known_at(connection, instant, first)
        organisation = known.organisation
        if period is None:
            found = missing_on(organisation, known.day)
        else:
            found = gaps(organisation, *period)
        return convert.coverage(known, found, held_on(organisation, known.day))

    async def _published(
        self, actor: Actor, site_id: str, receipt: Receipt
    ) -> rpc.PublishMatrixResponse:
        """Tells what a publication did, a repeated one the same: it is read as of that time."""
        job_id, _, moving = receipt.outcome.partition(" ")
        async with self.app.read(actor) as connection:
            before = await store.list_matrix(connection, site_id, receipt.version - 1)
            published = await store.load_published(connection, site_id, receipt.version)
            if published is None:
                raise LookupError(f"{site_id} has no matrix {receipt.version}")
            time = published.publish_time
            instant = await answering.instant_of(connection, site_id, time, time)
            known = await answering.known_at(connection, instant, version=receipt.version)
        rows = known.organisation.rows
        return rpc.PublishMatrixResponse(
            version=receipt.version,
            handover_job_id=job_id,
            changes=[change_message(change) for change in of_matrices(before, rows)],
            spans=convert.span_messages(
                spans(known.organisation, known.day, known.span_limit), known.names
            ),
            moving_case_count=int(moving or 0),
        )


def _period(request: rpc.GetCoverageRequest) -> tuple[date, date] | None:
    """Raises Refused PERIOD_INVALID for half a period, one beside an instant, or a wrong one."""
    given = [request.HasField(name) for name in ("start_date", "end_date")]
    if not any(given):
        return None
    if not all(given) or request.HasField("at_time"):
        raise Refused(
            "PERIOD_INVALID",
            problem="起止日期须同时填写，且不与时刻并用 "
            "(both days are given, and no instant beside them)",
        )
    first = to_date(request.start_date, "start_date")
    last = to_date(request.end_date, "end_date")
    require_period(first, last, most_days=MOST_DAYS)
    return first, last
