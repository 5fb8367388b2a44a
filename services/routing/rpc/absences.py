"""Who is away, and who stands in."""

from functools import partial
from typing import Any

from backstop.routing.v1 import routing_organisation_pb2 as pb
from chassis.actor import Actor
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.convert import to_date
from chassis.work import once
from services.routing.convert import absences as convert
from services.routing.handlers import absences
from services.routing.rpc.common import Base, site_of
from services.routing.store import absences as store


class AbsencesMixin(Base):
    """Who is away, and who stands in."""

    async def RecordAbsence(
        self, request: pb.RecordAbsenceRequest, context: Any
    ) -> pb.RecordAbsenceResponse:
        command = convert.record_absence(request)
        call = current_call(request)
        receipt = await once(self.app, call, partial(absences.record_absence, command=command))
        absence = await self._absence(call.actor, request.site_id, receipt.outcome)
        return pb.RecordAbsenceResponse(absence=absence)

    async def CancelAbsence(
        self, request: pb.CancelAbsenceRequest, context: Any
    ) -> pb.CancelAbsenceResponse:
        command = convert.cancel_absence(request)
        call = current_call(request)
        receipt = await once(self.app, call, partial(absences.cancel_absence, command=command))
        absence = await self._absence(call.actor, request.site_id, receipt.outcome)
        return pb.CancelAbsenceResponse(absence=absence)

    async def ListAbsences(
        self, request: pb.ListAbsencesRequest, context: Any
    ) -> pb.ListAbsencesResponse:
        async with self.app.read(current_call(request).actor) as connection:
            site = await site_of(connection, request.site_id)
            if request.HasField("from_date"):
                day = to_date(request.from_date, "from_date")
            else:
                day = site.local(await decision_time(connection)).date()
            found = await store.list_absences(connection, site.site_id, day)
        return pb.ListAbsencesResponse(
            absences=[convert.absence_message(absence) for absence in found]
        )

    async def _absence(self, actor: Actor, site_id: str, absence_id: str) -> pb.Absence:
        async with self.app.read(actor) as connection:
            absence = await store.load_absence(connection, site_id, absence_id)
        if absence is None:
            raise LookupError(f"{site_id} has no absence {absence_id}")
        return convert.absence_message(absence)
