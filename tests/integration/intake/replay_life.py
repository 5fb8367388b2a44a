"""Random lives of a case: what callers and the other services may do to it, in any order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.notify.v1 import notify_facts_pb2 as notify
from backstop.notify.v1 import notify_pb2
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from backstop.sla.v1 import sla_facts_pb2 as sla
from backstop.sla.v1 import sla_pb2
from chassis.convert import to_date_message, to_timestamp
from chassis.testing import read_refusal
from services.intake.domain.times import local_day
from tests.integration.intake.window import Window
from tests.unit.intake.examples import ZONE

IN_HAND, RESOLVED, CLOSED = "IN_HAND", "RESOLVED", "CLOSED"
TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD, note="电话告知")
TRIED = pb.Feedback(way=pb.FEEDBACK_WAY_ATTEMPT)
PEOPLE = ("c-1", "s-1", "p-1", "p-2", "p-3")
# Have no hand in anything until they verify for the director.
VERIFIERS = tuple(f"v-{number}" for number in range(9))
CLOCKS = ("FIRST_REPLY", "PLAN", "RESOLUTION", "REMINDER", "PAUSE")

# (request, role, who calls): None for nobody.
Act: TypeAlias = tuple[Message, str | None, str]
Try: TypeAlias = "Callable[[Life, pb.Case], Act]"
Tell: TypeAlias = "Callable[[Life, pb.Case], Message]"


def people_directory() -> routing.DirectoryPublished:
    """The small mine with more people in it."""
    return routing.DirectoryPublished(
        directory=routing_pb2.Directory(
            site_id="yuwu",
            name="样例矿",
            number_prefix="YW",
            units=[
                routing_pb2.Unit(unit_id=unit, name=unit, kind=routing_pb2.UNIT_KIND_TEAM)
                for unit in ("bath", "south")
            ],
            people=[
                routing_pb2.Person(person_id=one, name=f"样例{one}")
                for one in (*PEOPLE, *VERIFIERS)
            ],
            posts=[routing_pb2.Post(post_id="canteen", name="食堂", place="南风井食堂门口")],
            categories=[routing_pb2.Category(category_id="BATHING", name="洗浴")],
        )
    )


@dataclass
class Life:
    """One case that random things happen to; `others` are cases it may be tied to."""

    window: Window
    random: Random
    made: registration.RegisterCaseResponse
    others: list[str]
    orders: list[str] = field(default_factory=list)
    bag: list[Tell] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    count: int = 0

    @property
    def case_id(self) -> str:
        return str(self.made.case.case_id)

    async def step(self) -> str:
        """Lets one thing happen; returns what it was, empty where it was refused."""
        case = await self.window.case(self.case_id)
        self.count += 1
        if self.random.random() < 0.4:
            source, message = self._fact(case)
            await self.window.tell(source, self.case_id, "yuwu", message, actor="s-1")
            return message.DESCRIPTOR.name
        request, role, subject = self._act(case)
        try:
            if role is None:
                await self.window.ask(request, nobody=True)
            else:
                await self.window.ask(request, role, subject=subject)
        except grpc.aio.AioRpcError as error:
            if error.code() in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}:
                raise
            self.refused[request.DESCRIPTOR.name] = read_refusal(error).reason
            return ""
        return request.DESCRIPTOR.name

    def _act(self, case: pb.Case) -> Act:
        state = {pb.CASE_STATE_RESOLVED: RESOLVED, pb.CASE_STATE_CLOSED: CLOSED}
        acts = {IN_HAND: _IN_HAND, RESOLVED: _RESOLVED, CLOSED: _CLOSED}[
            state.get(case.state, IN_HAND)
        ]
        if case.reopen_count > 1 and self.random.random() < 0.15:
            return _review(self, case)
        # Whatever the state, anything may be tried.
        return self.random.choice(_ANY if self.random.random() < 0.3 else acts)(self, case)

    def _fact(self, case: pb.Case) -> tuple[str, Message]:
        if not self.bag:
            # Each comes once before any comes again.
            self.bag = self.random.sample(_FACTS, len(_FACTS))
        message = self.bag.pop()(self, case)
        return message.DESCRIPTOR.full_name.split(".")[1], message

    def one(self, *of: Any) -> Any:
        """One of some, or of the codes of people."""
        return self.random.choice(of or PEOPLE)

    def at(self) -> Timestamp:
        """An instant of the next days."""
        return to_timestamp(datetime.now(UTC) + timedelta(seconds=self.random.randint(60, 400_000)))

    def photos(self) -> list[marks.Attachment]:
        return [
            marks.Attachment(reference=f"photos/{self.count}-{number}.jpg", sha256="ab" * 32)
            for number in range(self.random.randint(0, 2))
        ]

    def day(self) -> Any:
        today = local_day(datetime.now(UTC), ZONE)
        return to_date_message(today + timedelta(days=self.random.randint(1, 30)))

    def order(self, **fields: Any) -> routing_pb2.WorkOrder:
        usual: dict[str, Any] = {
            "unit_id": self.one("bath", "south"),
            "lead": self.one(True, False),
            "task": f"任务{self.count}",
            "dispatch_time": self.at(),
            "deadline_time": self.at(),
            "state": routing_pb2.WORK_ORDER_STATE_DISPATCHED,
        }
        return routing_pb2.WorkOrder(**usual | fields)

    def clock(self, kind: str = "") -> sla_pb2.Clock:
        kind = kind or self.one(*CLOCKS)
        states = ("RUNNING", "RUNNING", "MET", "BREACHED", "CANCELLED")
        clock = sla_pb2.Clock(
            clock_id=f"{kind}-{self.random.randint(1, 2)}",
            kind=sla_pb2.ClockKind.Value(f"CLOCK_KIND_{kind}"),
            cycle=1,
            start_time=self.made.case.record_time,
            due_time=self.at(),
            state=sla_pb2.ClockState.Value(f"CLOCK_STATE_{self.one(*states)}"),
            provisional=self.one(True, False),
        )
        if self.one(True, False):
            clock.breach_time.CopyFrom(clock.due_time)
        return clock

    def clocks(self) -> dict[str, Any]:
        """What most of sla's facts are made of."""
        found = {one.clock_id: one for one in (self.clock(), self.clock())}
        fields: dict[str, Any] = {"case_id": self.case_id, "clocks": found.values()}
        return fields | ({"next_wake_time": self.at()} if self.one(True, False) else {})


def _answer(it: Life, case: pb.Case) -> Act:
    kind = it.one(pb.ANSWER_KIND_FIRST_REPLY, pb.ANSWER_KIND_PLAN, pb.ANSWER_KIND_PROGRESS)
    request = rpc.AnswerCaseRequest(
        case_id=it.case_id,
        kind=kind,
        text=f"答复{it.count}",
        promised_date=it.day() if kind == pb.ANSWER_KIND_PLAN else None,
        next_date=it.one(it.day(), None) if kind == pb.ANSWER_KIND_PROGRESS else None,
        feedback=it.one(TOLD, TRIED, None),
    )
    return request, "STEWARD", "s-1"


def _feed_back(it: Life, case: pb.Case) -> Act:
    if not case.answers:
        return _answer(it, case)
    request = rpc.FeedBackAnswerRequest(
        case_id=it.case_id,
        answer_id=it.one(*case.answers).answer_id,
        feedback=it.one(TOLD, TRIED),
    )
    return request, "STEWARD", "s-1"


def _verify(it: Life, case: pb.Case) -> Act:
    request = rpc.VerifyCaseRequest(
        case_id=it.case_id, place="浴室", findings=f"属实{it.count}", attachments=it.photos()
    )
    return request, "HANDLER", "h-1"


def _move(it: Life, case: pb.Case) -> Act:
    request = rpc.MovePromiseRequest(case_id=it.case_id, promised_date=it.day(), reason="等配件")
    return request, "DIRECTOR", "d-1"


def _flag(it: Life, case: pb.Case) -> Act:
    request = rpc.FlagCaseRequest(
        case_id=it.case_id,
        flag=it.one(pb.CASE_FLAG_HAZARD, pb.CASE_FLAG_LONG_STANDING),
        set=it.one(True, True, False),
        reason=f"顶板渗水{it.count}",
    )
    if request.set and request.flag == pb.CASE_FLAG_LONG_STANDING:
        request.leader = it.one("", "s-1", "c-1")
    return request, "DISPATCHER", "k-1"


def _escalate(it: Life, case: pb.Case) -> Act:
    return rpc.EscalateCaseRequest(case_id=it.case_id, reason="办不了"), "DISPATCHER", "k-1"


def _resolve(it: Life, case: pb.Case) -> Act:
    request = rpc.ResolveCaseRequest(
        case_id=it.case_id,
        resolution=f"已更换{it.count}",
        outcome=it.one(pb.OUTCOME_SOLVED, pb.OUTCOME_EXPLAINED),
        feedback=it.one(TOLD, TRIED, None),
    )
    return request, "STEWARD", "s-1"


def _refer(it: Life, case: pb.Case) -> Act:
    request = life.ReferCaseRequest(
        case_id=it.case_id, body="样例供电公司", reference=f"GD-{it.count}", reason="外线"
    )
    return request, "DISPATCHER", "k-1"


def _referral_result(it: Life, case: pb.Case) -> Act:
    request = life.RecordReferralResultRequest(case_id=it.case_id, result=f"已修{it.count}")
    return request, "DISPATCHER", "k-1"


def _meet(it: Life, case: pb.Case) -> Act:
    request = life.RecordMeetingRequest(
        case_id=it.case_id,
        chaired_by="s-1",
        participants=["c-1"],
        unit_ids=["bath", "south"],
        decisions="一起修",
        next_date=it.one(it.day(), None),
    )
    return request, "LEADER", "l-1"


def _amend(it: Life, case: pb.Case) -> Act:
    request = life.AmendCaseRequest(case_id=it.case_id, reason="登记有误")
    match it.random.randint(0, 6):
        case 0:
            request.text, request.place = f"更衣室灯坏了{it.count}", ""
        case 1:
            request.unit_id = it.one("bath", "south", "")
        case 2:
            request.urgency = it.one(pb.URGENCY_NORMAL, pb.URGENCY_URGENT)
        case 3:
            request.category = it.one("BATHING", "OTHER")
        case 4:
            request.add_about_persons.append(it.one("p-3", "p-2", "s-1"))
        case 5:
            request.kind = it.one(pb.CASE_KIND_GRIEVANCE, pb.CASE_KIND_REQUEST)
        case _:
            request.reporter.CopyFrom(
                pb.Reporter(name="样例", confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL)
            )
    return request, "DISPATCHER", "k-1"


def _call(it: Life, case: pb.Case) -> Act:
    request = rpc.RecordCallbackRequest(
        case_id=it.case_id,
        reached=it.one(True, False),
        words="问过",
    )
    if request.reached:
        request.grade = it.one(pb.GRADE_SATISFIED, pb.GRADE_DISSATISFIED)
    return request, "SUPPORT", "u-1"


def _confirm(it: Life, case: pb.Case) -> Act:
    request = rpc.ConfirmCaseRequest(
        case_id=it.case_id,
        grade=it.one(pb.GRADE_SATISFIED, pb.GRADE_MOSTLY_SATISFIED),
        words=it.one("", "好"),
    )
    role, subject = it.one(("CLERK", "c-1"), ("SUPPORT", "u-1"))
    return request, role, subject


def _reject(it: Life, case: pb.Case) -> Act:
    return rpc.RejectCaseRequest(case_id=it.case_id, reason="还漏"), "REPORTER", "w-7"


def _close(it: Life, case: pb.Case) -> Act:
    outcome = it.one(
        pb.OUTCOME_SOLVED,
        pb.OUTCOME_EXPLAINED,
        pb.OUTCOME_UNCONFIRMED,
        pb.OUTCOME_WITHDRAWN,
        pb.OUTCOME_REFERRED,
        pb.OUTCOME_EXPLAINED_NOT_ACCEPTED,
    )
    return rpc.CloseCaseRequest(case_id=it.case_id, outcome=outcome), "DISPATCHER", "k-1"


def _withdraw(it: Life, case: pb.Case) -> Act:
    request = life.WithdrawCaseRequest(case_id=it.case_id, reason=f"不办了{it.count}")
    role, subject = it.one(("CLERK", "c-1"), ("REPORTER", "w-7"))
    return request, role, subject


def _review(it: Life, case: pb.Case) -> Act:
    request = life.ReviewCaseRequest(
        case_id=it.case_id,
        decision=it.one(marks.REVIEW_DECISION_UPHELD, marks.REVIEW_DECISION_WORK_AGAIN),
        findings=f"现场属实{it.count}",
        verified_by=it.one(*VERIFIERS),
    )
    return request, "DIRECTOR", "d-1"


def _reopen(it: Life, case: pb.Case) -> Act:
    return life.ReopenCaseRequest(case_id=it.case_id, reason="又坏了"), "DISPATCHER", "k-1"


def _link(it: Life, case: pb.Case) -> Act:
    request = life.LinkCasesRequest(
        case_id=it.case_id,
        link=pb.Link(
            case_id=it.one(*it.others),
            relation=it.one(pb.RELATION_RELATED, pb.RELATION_RECURRENCE_OF),
        ),
        remove=it.one(True, False),
        reason="同一处",
    )
    return request, "CLERK", "c-1"


def _merge(it: Life, case: pb.Case) -> Act:
    request = life.MergeCaseRequest(
        case_id=it.case_id, master_case_id=it.one(*it.others), reason="同一事项"
    )
    return request, "DISPATCHER", "k-1"


def _comment(it: Life, case: pb.Case) -> Act:
    request = life.CommentCaseRequest(
        case_id=it.case_id, text=f"已联系{it.count}", attachments=it.photos()
    )
    request.visibility = it.one(
        marks.COMMENT_VISIBILITY_INTERNAL, marks.COMMENT_VISIBILITY_REPORTER
    )
    role, subject = it.one(("HANDLER", "h-1"), ("REPORTER", "w-7"))
    return request, role, subject


def _reissue(it: Life, case: pb.Case) -> Act:
    request = registration.ReissueReceiptCodeRequest(case_id=it.case_id, reason="丢了")
    return request, "CLERK", "c-1"


def _unseal(it: Life, case: pb.Case) -> Act:
    return rpc.UnsealReporterRequest(case_id=it.case_id, reason="回访"), "DIRECTOR", "d-1"


def _master_resolved(it: Life, case: pb.Case) -> Act:
    request = rpc.ResolveCaseRequest(
        case_id=it.one(*it.others), resolution="已修", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
    )
    return request, "STEWARD", "s-1"


def _masters_merged(it: Life, case: pb.Case) -> Act:
    one, other = it.random.sample(it.others, 2)
    request = life.MergeCaseRequest(case_id=one, master_case_id=other, reason="同一事项")
    return request, "DISPATCHER", "k-1"


_IN_HAND: tuple[Try, ...] = (
    _answer, _answer, _feed_back, _verify, _move, _escalate, _resolve, _resolve, _resolve, _refer,
    _referral_result, _meet, _amend, _amend, _review,
)  # fmt: skip
_RESOLVED: tuple[Try, ...] = (
    _call, _call, _confirm, _reject, _reject, _reject, _reject, _close, _review, _review,
)  # fmt: skip
_CLOSED: tuple[Try, ...] = (_reopen, _reopen, _master_resolved, _masters_merged, _confirm)
_ANY: tuple[Try, ...] = (
    _flag, _close, _withdraw, _link, _merge, _comment, _reissue, _unseal, _feed_back, _call,
)  # fmt: skip


def _some_order(it: Life) -> str:
    return str(it.one(*it.orders, "unknown"))


def _dispatched(it: Life, case: pb.Case) -> Message:
    new = [f"wo-{it.count}-{number}" for number in range(it.random.randint(1, 2))]
    it.orders += new
    return routing.WorkOrdersDispatched(
        case_id=it.case_id, work_orders=[it.order(work_order_id=one) for one in new]
    )


def _assigned(it: Life, case: pb.Case) -> Message:
    return routing.CaseAssigned(
        case_id=it.case_id,
        unit_id=it.one("", "bath", "south"),
        steward=it.one("s-1", "p-1"),
        accountable=it.one("s-1", "p-1", ""),
        first_reply_by=it.one("", "p-2"),
    )


def _ruled(it: Life, case: pb.Case) -> Message:
    return routing.WorkOrderRuled(
        case_id=it.case_id,
        work_order_id=_some_order(it),
        kind=it.one(routing_pb2.RULING_KIND_LEAD, routing_pb2.RULING_KIND_UNSPECIFIED),
        unit_id=it.one("bath", "south"),
        lead=it.one(True, False),
        deadline_time=it.one(it.at(), None),
    )


def _paused(it: Life, case: pb.Case) -> Message:
    return sla.ClocksPaused(
        **it.clocks(),
        reason=it.one(*sla_pb2.PauseReason.values()),
        words=f"等料{it.count}",
        approved_by="d-1",
        latest_end_time=it.one(it.at(), None),
    )


def _excused(it: Life, case: pb.Case) -> Message:
    clock = it.clock()
    clock.excuse.reason = "停电"
    return sla.BreachExcused(case_id=it.case_id, clock=clock)


def _planned(it: Life, case: pb.Case) -> Message:
    deliveries = [notify_pb2.Delivery()] * it.random.randint(1, 3)
    return notify.DeliveriesPlanned(case_id=it.case_id, deliveries=deliveries)


_FACTS: tuple[Tell, ...] = (
    _assigned,
    lambda it, _: routing.CaseAccepted(case_id=it.case_id, accepted_by="s-1"),
    lambda it, case: routing.CaseEscalated(
        case_id=it.case_id,
        to_level=it.random.randint(1, 4),
        accountable="position:DUTY_LEAD",
        cycle=it.one(case.cycle, case.cycle, 1, 0),
    ),
    lambda it, case: routing.CaseDeescalated(
        case_id=it.case_id, to_level=0, accountable="s-1", cycle=it.one(case.cycle, 1)
    ),
    lambda it, case: routing.CaseInstructed(
        case_id=it.case_id, accountable=it.one(), cycle=it.one(case.cycle, 1)
    ),
    lambda it, _: routing.PersonRecused(case_id=it.case_id, person_id=it.one("p-2", "p-3")),
    lambda it, _: routing.JointSurveyRecorded(case_id=it.case_id),
    _dispatched,
    lambda it, _: routing.WorkOrderAccepted(case_id=it.case_id, work_order_id=_some_order(it)),
    lambda it, _: routing.WorkOrderCompleted(case_id=it.case_id, work_order_id=_some_order(it)),
    lambda it, _: routing.WorkOrderReturned(case_id=it.case_id, work_order_id=_some_order(it)),
    _ruled,
    lambda it, _: routing.WorkOrderReopened(
        case_id=it.case_id, work_order=it.order(work_order_id=_some_order(it))
    ),
    lambda it, _: routing.WorkOrderExtended(
        case_id=it.case_id, work_order_id=_some_order(it), deadline_time=it.at()
    ),
    lambda it, _: routing.WorkOrderExtensionAsked(case_id=it.case_id, asked_by="h-1"),
    lambda it, _: sla.ClocksStarted(**it.clocks()),
    lambda it, _: sla.ClocksStopped(**it.clocks()),
    lambda it, _: sla.ClocksAmended(**it.clocks()),
    _paused,
    lambda it, _: sla.ClocksResumed(**it.clocks()),
    lambda it, _: sla.ClockDueSoon(case_id=it.case_id, clock=it.clock()),
    lambda it, _: sla.ClockBreached(
        case_id=it.case_id, clock=it.clock(it.one(*CLOCKS)), next_wake_time=it.at()
    ),
    _excused,
    _planned,
    lambda it, _: notify.DeliverySent(case_id=it.case_id),
    # Nothing of the file follows from it.
    lambda it, _: notify.DeliveryFailed(case_id=it.case_id),
)
