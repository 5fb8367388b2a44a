"""What a caller is told they may do is what they aren't refused, along walks through a life."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2
from chassis.convert import to_date_message
from chassis.testing import read_refusal
from services.intake.domain.actions import BY_CODE, NAMES
from tests.integration.intake.window import NOW, Window, directory

CODE = "CODE"
PEOPLE = {
    "CLERK": "c-1",
    "STEWARD": "s-1",
    "HANDLER": "h-1",
    "DISPATCHER": "d-1",
    "DIRECTOR": "e-1",
    "SUPPORT": "u-1",
    "LEADER": "l-1",
    "OPERATOR": "o-1",
    "REPORTER": "w-7",
}
TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)
SOON = Date(year=NOW.year + 1, month=3, day=1)
# An action that is listed isn't refused for any of these; for what it says it may be.
NEVER = frozenset(
    {
        "WRONG_STATE",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
        "CASE_NOT_FOUND",
        "CASE_RECUSED",
        "CASE_CONFIDENTIAL",
        "CODE_WRONG",
        "NOT_ACCOUNTABLE",
        "CALLER_HANDLED_CASE",
        "REPORTER_ANONYMOUS",
        "ANSWER_NOT_FOUND",
        "NO_PROMISE",
        "REFERRAL_MISSING",
        "REVIEW_TOO_EARLY",
        "REOPEN_NOT_ALLOWED",
        "REOPEN_WINDOW_OVER",
        "INVALID_FIELD",
    }
)


@dataclass
class Walk:
    """One case on its way; `code` is its receipt's, `done` what was done to it so far."""

    window: Window
    chance: random.Random
    case_id: str
    code: str
    other: str
    callers: list[str]
    done: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)

    async def allowed(self, who: str) -> set[str]:
        """Returns what a caller is told that they may do."""
        if who == CODE:
            track = rpc.TrackCaseRequest(receipt_code=self.code)
            return set((await self.window.ask(track, nobody=True)).allowed_actions)
        get = rpc.GetCaseRequest(case_id=self.case_id)
        reply = await self.window.ask(get, who, subject=PEOPLE[who])
        return set(reply.case.allowed_actions)

    async def reason(self, name: str, who: str) -> str:
        """Makes a call; returns why it was refused, empty when it wasn't."""
        reasons = []
        for request in await self.requests(name, who):
            if who == CODE:
                how: dict[str, Any] = {"nobody": True}
                roles: tuple[str, ...] = ()
            else:
                how, roles = {"subject": PEOPLE[who]}, (who,)
            try:
                answer = await self.window.refused(request, *roles, **how)
            except AssertionError:
                # It was not refused.
                if name == "ReissueReceiptCode":
                    await self._new_code()
                return ""
            reasons.append(answer.reason)
        return reasons[0]

    async def requests(self, name: str, who: str) -> list[Message]:
        """Returns a call as it should be; several where only one of them can be right."""
        case = await self.window.case(self.case_id)
        one: dict[str, Any] = {"case_id": self.case_id}
        told: dict[str, Any] = one | ({"receipt_code": self.code} if who == CODE else {})
        answers = [answer.answer_id for answer in case.answers]
        absent = "0190a5d0-0000-7000-8000-00000000ffff"
        kind = self.chance.choice([pb.ANSWER_KIND_FIRST_REPLY, pb.ANSWER_KIND_PLAN])
        plan = {"promised_date": SOON} if kind == pb.ANSWER_KIND_PLAN else {}
        again = life.ReviewCaseRequest(
            **one,
            decision=self.chance.choice(list(marks.ReviewDecision.values()[1:])),
            findings="看过",
            verified_by="x-1",
        )
        made: dict[str, list[Message]] = {
            "VerifyCase": [rpc.VerifyCaseRequest(**one, place="浴室", findings="漏")],
            "AnswerCase": [
                rpc.AnswerCaseRequest(**one, kind=kind, text="已派人", feedback=TOLD, **plan)
            ],
            "FeedBackAnswer": [
                rpc.FeedBackAnswerRequest(
                    **one, answer_id=answers[-1] if answers else absent, feedback=TOLD
                )
            ],
            "MovePromise": [
                rpc.MovePromiseRequest(
                    **one,
                    promised_date=Date(year=NOW.year + 1, month=4, day=len(self.done) % 28 + 1),
                    reason="等配件",
                )
            ],
            "FlagCase": [rpc.FlagCaseRequest(**one, flag=pb.CASE_FLAG_HAZARD, reason="隐患")],
            "EscalateCase": [rpc.EscalateCaseRequest(**one, reason="超出权限")],
            "ResolveCase": [
                rpc.ResolveCaseRequest(
                    **one, resolution="已更换", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
                )
            ],
            "RecordCallback": [
                rpc.RecordCallbackRequest(**one, reached=False, words="无人接听", sample_id=sample)
                for sample in ("", *self.samples)
            ],
            "ConfirmCase": [rpc.ConfirmCaseRequest(**told, grade=pb.GRADE_SATISFIED)],
            "RejectCase": [rpc.RejectCaseRequest(**told, reason="还漏")],
            "CloseCase": [
                rpc.CloseCaseRequest(**one, outcome=outcome) for outcome in pb.Outcome.values()[1:]
            ],
            "UnsealReporter": [rpc.UnsealReporterRequest(**one, reason="回访")],
            "ReissueReceiptCode": [registration.ReissueReceiptCodeRequest(**one, reason="遗失")],
            "AmendCase": [life.AmendCaseRequest(**one, reason="笔误", text=f"改 {len(self.done)}")],
            "CommentCase": [life.CommentCaseRequest(**told, text="知道了")],
            "RecordMeeting": [
                life.RecordMeetingRequest(
                    **one, chaired_by="x-1", unit_ids=["bath", "south"], decisions="换管"
                )
            ],
            "LinkCases": [
                life.LinkCasesRequest(
                    **one,
                    link=pb.Link(case_id=self.other, relation=pb.RELATION_RELATED),
                    reason="同一处",
                )
            ],
            "MergeCase": [
                life.MergeCaseRequest(**one, master_case_id=self.other, reason="同一事项")
            ],
            "SplitCase": [life.SplitCaseRequest(**one, text="另一件", reason="两件事")],
            "WithdrawCase": [life.WithdrawCaseRequest(**told, reason="算了")],
            "ReopenCase": [life.ReopenCaseRequest(**told, reason="又坏了")],
            "ReferCase": [
                life.ReferCaseRequest(**one, body="供电局", reference="G-1", reason="不归矿上")
            ],
            "RecordReferralResult": [life.RecordReferralResultRequest(**one, result="已修")],
            "ReviewCase": [again],
        }
        return made[name]

    async def _new_code(self) -> None:
        case = await self.window.rows(
            "SELECT code_attempt FROM cases WHERE case_id = $1", self.case_id
        )
        reissue = registration.ReissueReceiptCodeRequest(case_id=self.case_id, reason="遗失")
        reply = await self.window.ask(reissue, "CLERK", subject="c-9")
        assert case[0]["code_attempt"] > 0
        self.code = reply.receipt_code

    async def draw(self) -> None:
        """Draws the case in a sample, where it is closed and can be drawn."""
        today = to_date_message(datetime.now(ZoneInfo("Asia/Shanghai")).date())
        draw = life.DrawCallbackSampleRequest(
            site_id="yuwu", start_date=today, end_date=today, count=10
        )
        refused, sample = "", life.CallbackSample()
        try:
            sample = (await self.window.ask(draw, "DIRECTOR", subject="e-1")).sample
        except grpc.aio.AioRpcError as error:
            refused = read_refusal(error).reason
        assert refused in ("", "SAMPLE_EMPTY")
        if self.case_id in {one.case_id for one in sample.cases}:
            self.samples.append(sample.sample_id)

    async def resolve_other(self) -> None:
        """Resolves the case that it may be merged into: a duplicate's reporter is asked then."""
        resolve = rpc.ResolveCaseRequest(
            case_id=self.other, resolution="已更换", outcome=pb.OUTCOME_SOLVED, feedback=TOLD
        )
        await self.window.ask(resolve, "STEWARD", subject="s-9")
        self.done.append("master resolved")

    async def merge(self) -> None:
        """Merges the case, where it is open, by somebody who isn't among the callers."""
        if (await self.window.case(self.case_id)).state == pb.CASE_STATE_CLOSED:
            return
        merge = life.MergeCaseRequest(
            case_id=self.case_id, master_case_id=self.other, reason="同一事项"
        )
        await self.window.ask(merge, "DISPATCHER", subject="d-9")
        self.done.append("merged")

    async def step(self) -> None:
        """Tries what one caller isn't told, which is refused, then something that they are."""
        who = self.chance.choice([*self.callers, "DISPATCHER", "STEWARD"])
        allowed = await self.allowed(who)
        possible = BY_CODE if who == CODE else NAMES
        others = sorted(set(possible) - allowed)
        for name in self.chance.sample(others, min(4, len(others))):
            version = (await self.window.case(self.case_id)).version
            assert await self.reason(name, who), (name, who, self.done)
            assert (await self.window.case(self.case_id)).version == version
        if not allowed:
            return
        name = self.chance.choice(sorted(allowed))
        reason = await self.reason(name, who)
        self.done.append(f"{who} {name} {reason}".strip())
        assert reason not in NEVER, self.done


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_listed_is_done_and_what_is_not_is_refused(window: Window, seed: int) -> None:
    chance = random.Random(seed)
    wider = directory("yuwu", "YW")
    wider.directory.people.add(person_id="x-1", name="样例丙")
    await window.tell("routing", "directory/yuwu", "yuwu", wider)
    reach = chance.choice(
        [pb.CONFIDENTIALITY_NAMED, pb.CONFIDENTIALITY_CONFIDENTIAL, pb.CONFIDENTIALITY_ANONYMOUS]
    )
    reporter = pb.Reporter(confidentiality=reach)
    if reach != pb.CONFIDENTIALITY_ANONYMOUS:
        reporter.name, reporter.person_code = "CANARY-NAME", "w-7"
    made = await window.register(reporter=reporter, subject="c-9")
    other = (await window.register()).case.case_id
    callers = [*PEOPLE, CODE]
    if reach == pb.CONFIDENTIALITY_ANONYMOUS:
        # No account has raised it.
        callers.remove("REPORTER")
    walk = Walk(window, chance, made.case.case_id, made.receipt_code, other, callers)
    if chance.random() < 0.4:
        person = chance.choice(["s-1", "d-1", "u-1"])
        # Of the other, too: else it couldn't take the case's place.
        for case_id in (walk.case_id, other):
            recused = routing_facts_pb2.PersonRecused(
                case_id=case_id, person_id=person, reason="亲属"
            )
            await window.tell("routing", case_id, "yuwu", recused)
    resolved_at, merged_at = chance.randrange(20), chance.randrange(40)
    for at in range(20):
        if at == resolved_at:
            await walk.resolve_other()
        if at == merged_at:
            await walk.merge()
        await walk.step()
        if chance.random() < 0.2:
            await walk.draw()
    assert await window.findings() == []
