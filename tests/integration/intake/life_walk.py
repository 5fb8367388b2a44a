"""Takes cases through their life at the running service, and holds it against the model."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2
from chassis.clock import set_offset
from chassis.convert import to_date_message, to_timestamp
from chassis.testing import read_refusal
from tests.integration.intake.conftest import Peers
from tests.integration.intake.life_model import OPEN, ZONE, Model, Who
from tests.integration.intake.life_ways import DISPATCHER, ENDS, WAYS
from tests.integration.intake.window import Window

T = TypeVar("T")

# What no call takes longer than, seconds.
PATIENCE = 30
NOWHERE = "0190a5d0-0000-7000-8000-00000000ffff"


@dataclass
class Subject:
    """One case at the service, and the model of it."""

    case_id: str
    code: str
    model: Model
    # The last that it was drawn in.
    sample: str = ""


@dataclass
class Walk:
    """Does to the service and to the model what it is told, and compares the two."""

    window: Window
    peers: Peers
    loop: asyncio.AbstractEventLoop
    subjects: list[Subject] = field(default_factory=list)
    offset: timedelta = timedelta()
    counted: int = 0
    # False once something was not as expected: what follows from that tells nothing new.
    whole: bool = True
    # (command, state before it, state or refusal after it)
    seen: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Waits, in hypothesis' own thread, for what the loop of the service does."""
        self.whole = False
        result = asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)
        self.whole = True
        return result

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    async def begin(self, *, anonymous: bool) -> None:
        """Takes in two fresh cases."""
        self.peers.open_work_orders = 0
        self.subjects = []
        for _ in range(2):
            known: dict[str, Any] = (
                {} if anonymous else {"name": "样例诉求人", "person_code": "w-7"}
            )
            how = pb.CONFIDENTIALITY_ANONYMOUS if anonymous else pb.CONFIDENTIALITY_NAMED
            reporter = pb.Reporter(kind=pb.REPORTER_KIND_EMPLOYEE, confidentiality=how, **known)
            made = await self.window.register(reporter=reporter)
            self.subjects.append(
                Subject(made.case.case_id, made.receipt_code, Model(anonymous=anonymous))
            )

    async def do(self, which: int, name: str, who: Who, what: Mapping[str, Any]) -> str:
        """Takes one step with a case; returns why it was refused, empty where it wasn't."""
        subject = self.subjects[which]
        before = subject.model.state
        refused = ""
        if name == "wait":
            await self._wait(what["hours"])
        elif name == "orders":
            self.peers.open_work_orders = what["open"]
            for one in self.subjects:
                one.model.work_order_open = bool(what["open"])
        elif name == "draw":
            await self._draw()
        elif name in ("assigned", "accepted"):
            subject.model.fact(name)
            await self._tell(subject, name)
        else:
            refused = await self._ask(subject, name, who, what)
        await self.compare(subject, f"{name} by {who.role or 'nobody'} {what}")
        self.counted += 1
        label = " ".join([name, *([what["outcome"]] if name == "close" else [])])
        self.seen[label, before, refused or subject.model.state] += 1
        return refused

    async def probe(self) -> None:
        """Asks for every end that isn't proven: each is refused, and changes nothing."""
        for subject in self.subjects:
            for outcome in ENDS:
                what = {"outcome": outcome}
                if deepcopy(subject.model).do("close", DISPATCHER, what) == "END_NOT_PROVEN":
                    await self._ask(subject, "close", DISPATCHER, what)
                    self.counted += 1
            await self.compare(subject, "after every end that isn't proven")

    async def compare(self, subject: Subject, step: str) -> None:
        """Asserts that the case stands as the model says, in somebody's hand if it is open."""
        case, model = await self.window.case(subject.case_id), subject.model
        assert {
            "state": pb.CaseState.Name(case.state).removeprefix("CASE_STATE_"),
            "cycle": case.cycle,
            "reopen_count": case.reopen_count,
            "outcome": named(pb.Outcome.Name(case.outcome), "OUTCOME_"),
            "proposed": named(pb.Outcome.Name(case.proposed_outcome), "OUTCOME_"),
            "grade": named(pb.Grade.Name(case.grade), "GRADE_"),
            "basis": named(
                pb.ConfirmationBasis.Name(case.confirmation_basis), "CONFIRMATION_BASIS_"
            ),
            "accountable": case.accountable,
            "wakes": case.HasField("next_wake_time"),
            "duplicate": any(one.relation == pb.RELATION_DUPLICATE_OF for one in case.links),
        } == {
            "state": model.state,
            "cycle": model.cycle,
            "reopen_count": model.reopen_count,
            "outcome": model.outcome,
            "proposed": model.proposed,
            "grade": model.grade,
            "basis": model.basis,
            "accountable": model.accountable,
            "wakes": model.state in OPEN,
            "duplicate": model.master is not None,
        }, step
        assert bool(case.accountable) is (model.state in OPEN), step
        # The case was asked for as a dispatcher who never does anything.
        assert ("RecordCallback" in case.allowed_actions) is model.callable("dispatcher"), step

    async def end(self) -> None:
        """Finds nothing wrong, and strikes off what is open: nobody wakes it in later days."""
        await self.probe()
        # No sla is there to wake anybody, and days go by in a moment.
        found = [one for one in await self.window.findings() if one.check != "open_case_overslept"]
        assert found == []
        self.peers.open_work_orders = 0
        for which, subject in enumerate(self.subjects):
            subject.model.work_order_open = False
            if subject.model.state in OPEN:
                for step in WAYS["withdrawn"]:
                    assert await self.do(which, *step) == ""

    async def _wait(self, hours: int) -> None:
        self.offset += timedelta(hours=hours)
        await set_offset(self.window.database.worker, self.offset)
        for subject in self.subjects:
            subject.model.hour += hours

    async def _draw(self) -> None:
        """Draws all closed cases there are; each that can be drawn is among them."""
        draw = life.DrawCallbackSampleRequest(
            site_id="yuwu",
            start_date=to_date_message(datetime.now(ZONE).date() - timedelta(days=1)),
            end_date=to_date_message(self.now.astimezone(ZONE).date() + timedelta(days=1)),
            count=500,
            seed=self.counted,
        )
        refused, sample = "", life.CallbackSample()
        try:
            sample = (await self.window.ask(draw, "DIRECTOR", subject="e-1")).sample
        except grpc.aio.AioRpcError as error:
            refused = read_refusal(error).reason
        assert refused in ("", "SAMPLE_EMPTY")
        drawn = {one.case_id for one in sample.cases}
        for subject in self.subjects:
            if subject.case_id in drawn:
                subject.model.drawn, subject.sample = subject.model.cycle, sample.sample_id
            whole = sample.population_count == len(drawn)
            assert not whole or subject.model.drawable is (subject.case_id in drawn)

    async def _tell(self, subject: Subject, name: str) -> None:
        one: dict[str, Any] = {"case_id": subject.case_id}
        fact: Message = routing_facts_pb2.CaseAccepted(**one, accepted_by="s-1")
        if name == "assigned":
            fact = routing_facts_pb2.CaseAssigned(**one, steward="s-1", accountable="s-1")
        await self.window.tell("routing", subject.case_id, "yuwu", fact)

    async def _ask(self, subject: Subject, name: str, who: Who, what: Mapping[str, Any]) -> str:
        now = self.now
        request = await self._request(subject, name, who, what, now)
        told = {key: value for key, value in what.items() if key != "master"}
        if name in ("answer", "feed_back", "resolve"):
            told["at"] = now
        if name == "call":
            told["at"] = now - timedelta(hours=what["ago"])
        if name == "merge":
            told["master"] = self.subjects[what["master"]].model
        expected = subject.model.do(name, who, told)
        how: dict[str, Any] = {"nobody": True} if not who.role else {"subject": who.subject}
        refused = ""
        try:
            reply = await self.window.ask(request, *([who.role] if who.role else []), **how)
        except grpc.aio.AioRpcError as error:
            refused = read_refusal(error).reason
        assert refused == expected, f"{name} by {who.role or 'nobody'} {what} on {subject.model}"
        if name == "reissue" and not refused:
            subject.code = reply.receipt_code
        if name in ("call", "sampled call") and not refused:
            assert reply.unanswered_days == len(subject.model.vain)
        return refused

    async def _request(
        self, subject: Subject, name: str, who: Who, what: Mapping[str, Any], now: datetime
    ) -> Message:
        one: dict[str, Any] = {"case_id": subject.case_id}
        spoken = dict(one)
        if who.code:
            spoken["receipt_code"] = "0000000000000000" if who.wrong else subject.code
        told: dict[str, Any] = {}
        if what.get("way"):
            way = pb.FeedbackWay.Value(f"FEEDBACK_WAY_{what['way']}")
            note = "回条交班长" if what["way"] == "LEFT" else ""
            told["feedback"] = pb.Feedback(way=way, feedback_time=to_timestamp(now), note=note)
        match name:
            case "verify":
                return rpc.VerifyCaseRequest(**one, place="浴室", findings="漏水")
            case "meet":
                units = ["bath", "south"]
                return life.RecordMeetingRequest(
                    **one, chaired_by="s-1", unit_ids=units, decisions="换管"
                )
            case "amend":
                return life.AmendCaseRequest(**one, reason="笔误", text=f"改 {self.counted}")
            case "flag":
                return rpc.FlagCaseRequest(
                    **one, flag=pb.CASE_FLAG_HAZARD, remove=subject.model.flagged, reason="隐患"
                )
            case "escalate":
                return rpc.EscalateCaseRequest(**one, reason="超出权限")
            case "reissue":
                return registration.ReissueReceiptCodeRequest(**one, reason="遗失")
            case "answer":
                return rpc.AnswerCaseRequest(
                    **one, **told, kind=pb.ANSWER_KIND_FIRST_REPLY, text="已派人"
                )
            case "feed_back":
                answers = (await self.window.case(subject.case_id)).answers
                last = answers[-1].answer_id if answers else NOWHERE
                return rpc.FeedBackAnswerRequest(**one, **told, answer_id=last)
            case "resolve":
                outcome = pb.Outcome.Value(f"OUTCOME_{what['outcome']}")
                return rpc.ResolveCaseRequest(**one, **told, resolution="已换", outcome=outcome)
            case "confirm":
                grade = pb.Grade.Value(f"GRADE_{what['grade']}")
                return rpc.ConfirmCaseRequest(**spoken, grade=grade)
            case "reject":
                return rpc.RejectCaseRequest(**spoken, reason="还漏")
            case "withdraw":
                return life.WithdrawCaseRequest(**spoken, reason="不办了")
            case "reopen":
                return life.ReopenCaseRequest(**spoken, reason="又坏了")
            case "speak":
                return life.CommentCaseRequest(**spoken, text="还没人来")
            case "call":
                at = to_timestamp(now - timedelta(hours=what["ago"]))
                return rpc.RecordCallbackRequest(**one, reached=what["reached"], call_time=at)
            case "sampled call":
                sample = subject.sample or NOWHERE
                return rpc.RecordCallbackRequest(**one, reached=what["reached"], sample_id=sample)
            case "refer":
                return life.ReferCaseRequest(
                    **one, body="样例供电公司", reference="GD-1", reason="外线"
                )
            case "result":
                return life.RecordReferralResultRequest(**one, result="已修复")
            case "review":
                decision = marks.ReviewDecision.Value(f"REVIEW_DECISION_{what['decision']}")
                return life.ReviewCaseRequest(
                    **one, decision=decision, findings="属实", verified_by=what["verifier"]
                )
            case "close":
                return rpc.CloseCaseRequest(
                    **one, outcome=pb.Outcome.Value(f"OUTCOME_{what['outcome']}")
                )
            case "merge":
                master = self.subjects[what["master"]].case_id
                return life.MergeCaseRequest(**one, master_case_id=master, reason="同一件事")
        raise AssertionError(f"nobody knows how to {name}")


def named(name: str, prefix: str) -> str:
    """Returns an enum value's own name; empty for the unspecified."""
    return name.removeprefix(prefix).removesuffix("UNSPECIFIED")
