"""What the RPCs of intake share: what they ask, and what of a case they answer with."""

from dataclasses import dataclass
from typing import Protocol

from backstop.intake.v1 import intake_marks_pb2, intake_pb2
from backstop.intake.v1.intake_service_pb2_grpc import IntakeServiceServicer
from chassis.actor import ANYONE, Actor
from chassis.call import Call
from chassis.database import Database
from chassis.errors import Refused
from chassis.pages import PageTokens
from chassis.work import Receipt, Work, once
from services.intake.backlog import Backlog
from services.intake.convert import registration, replies, tracking
from services.intake.domain import transitions, visibility
from services.intake.domain.values import CaseFile
from services.intake.grouping import Registrations
from services.intake.handlers.holding import SealNeeded
from services.intake.peers import Deadlines, WorkOrders
from services.intake.store import rules
from services.intake.store.lexicons import KeptLexicons
from services.intake.views import Views
from services.intake.watching import Pulse


@dataclass(frozen=True, slots=True)
class Means:
    """What the RPCs stand on. The walls have passed every call before."""

    app: Database
    worker: Database
    views: Views
    registrations: Registrations
    backlog: Backlog
    pages: PageTokens
    work_orders: WorkOrders
    deadlines: Deadlines
    lexicons: KeptLexicons
    pulse: Pulse


class SealedBody(Protocol):
    """A mutation that raises SealNeeded where it isn't told that the work orders are sealed."""

    async def __call__(self, work: Work, /, *, sealed: bool) -> Receipt: ...


class Coded(Protocol):
    """A case as far as its receipt code needs it."""

    @property
    def case_id(self) -> str: ...
    @property
    def site_id(self) -> str: ...
    @property
    def slip_number(self) -> str: ...
    @property
    def code_attempt(self) -> int: ...
    @property
    def about_persons(self) -> tuple[str, ...]: ...


class Base(IntakeServiceServicer):
    """Answers with what the caller may read."""

    def __init__(self, means: Means) -> None:
        self.app = means.app
        self.worker = means.worker
        self.views = means.views
        self.registrations = means.registrations
        self.backlog = means.backlog
        self.pages = means.pages
        self.work_orders = means.work_orders
        self.deadlines = means.deadlines
        self.lexicons = means.lexicons
        self.pulse = means.pulse

    async def case_of(self, call: Call, case_id: str) -> intake_pb2.Case:
        """Reads the case again with the caller's own rights, so that a replay gives no more."""
        return await self.shown(call.actor, await self.views.file(call.actor, case_id))

    async def shown(self, actor: Actor, file: CaseFile) -> intake_pb2.Case:
        """Returns a case that the actor may see, with what they may do with it now."""
        message = replies.case_file(file)
        allowed = await self.views.allowed(actor, file)
        message.repeat_count = allowed.repeat_count
        message.allowed_actions.extend(allowed.actions)
        message.sample_ids.extend(allowed.sample_ids)
        return message

    async def hazard_notice(self, call: Call, site_id: str) -> intake_marks_pb2.HazardNotice:
        """Returns what whoever has marked a hazard must do at once, by the site's rules."""
        async with self.app.read(call.actor) as connection:
            site_rules = await rules.load_rules(connection, site_id)
        return registration.hazard_notice(site_rules, call.language)

    def code_for(self, actor: Actor, made: Coded, receipt: Receipt) -> str:
        """Returns the code of a case to whoever has just registered it, for the reporter.

        The answer to a repeated request has none for whom the case is about, nor once somebody
        has made another: that one was handed to whoever asked for it.
        """
        callers = visibility.behind(actor.subject, actor.acting_for)
        hidden = not visibility.in_sight(made.about_persons, callers)
        if receipt.replayed and (hidden or made.code_attempt > 0):
            return ""
        return self.views.codes.receipt(
            made.site_id, made.case_id, made.slip_number, made.code_attempt
        )

    async def spoken_of(self, call: Call, case_id: str, code: str) -> intake_pb2.Case:
        """Returns the case to whoever spoke about it: in full to those who may see it anyway."""
        if call.actor != ANYONE and await self._sees(call.actor, case_id):
            return await self.case_of(call, case_id)
        opened = await self.views.opened(code)
        file = await self.views.opened_file(opened)
        message = replies.tracked_case(file)
        allowed = await self.views.allowed(opened.actor, file, code=True)
        tracking.add_to_case(message, file, allowed.actions)
        return message

    async def _sees(self, actor: Actor, case_id: str) -> bool:
        try:
            await self.views.file(actor, case_id)
        except Refused:
            return False
        return True

    async def sealed(self, call: Call, case_id: str, body: SealedBody) -> Receipt:
        """Runs a mutation that may need the case's work orders sealed; gives a vain seal back.

        Raises Refused WORK_ORDER_OPEN and DEPENDENCY_UNAVAILABLE beside what the body does.
        """

        async def bare(work: Work) -> Receipt:
            return await body(work, sealed=False)

        async def under_seal(work: Work) -> Receipt:
            return await body(work, sealed=True)

        try:
            return await once(self.app, call, bare)
        except SealNeeded as needed:
            await self.work_orders.seal(case_id, needed.site_id, call.request_id)
        # Any error but a refusal leaves the seal to lapse: the commit may have happened.
        try:
            return await once(self.app, call, under_seal)
        except Refused:
            await self.give_seal_back(call, case_id)
            raise

    async def give_seal_back(self, call: Call, case_id: str) -> None:
        """Gives this request's seal back, unless the case has left the handlers' hands meanwhile.

        Request ids are the callers' choice: two may hold the same seal, and the one who resolved
        or closed needs it.
        """
        case = (await self.views.file(call.actor, case_id)).case
        if case.state in transitions.IN_HAND:
            await self.work_orders.unseal(case_id, case.site_id, call.request_id)
