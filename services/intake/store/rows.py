"""Reads case rows and the JSON lists that hang on them; pure."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import asyncpg

from backstop.intake.v1 import intake_rules_pb2
from services.intake.convert import rules as convert_rules
from services.intake.domain.marks import (
    Attachment,
    Callback,
    Comment,
    Flag,
    FlagKind,
    Meeting,
    Pause,
    PromiseMove,
    Referral,
    Review,
    ReviewDecision,
    Visibility,
    Withdrawal,
)
from services.intake.domain.values import (
    Answer,
    AnswerKind,
    Basis,
    Case,
    CaseFile,
    CaseKind,
    CaseState,
    Channel,
    Clock,
    Confidentiality,
    Feedback,
    FeedbackWay,
    Grade,
    Link,
    Outcome,
    Relation,
    ReporterKind,
    Step,
    Urgency,
    Verification,
    WorkOrder,
)

T = TypeVar("T")


def read_case(row: asyncpg.Record) -> Case:
    """Returns the case of a row of get_case, get_file or list_cases."""
    return Case(
        case_id=row["case_id"],
        site_id=row["site_id"],
        number=row["number"],
        state=CaseState(row["state"]),
        kind=CaseKind(row["kind"]),
        category=row["category"],
        channel=Channel(row["channel"]),
        post_id=row["post_id"],
        place=row["place"],
        unit_id=row["unit_id"],
        text=row["text"],
        urgency=Urgency(row["urgency"]),
        reporter_kind=ReporterKind(row["reporter_kind"]),
        confidentiality=Confidentiality(row["confidentiality"]),
        occurred_time=row["occurred_time"],
        record_time=row["record_time"],
        cycle_start_time=row["cycle_start_time"],
        receiver=row["receiver"],
        slip_number=row["slip_number"],
        accountable=row["accountable"],
        next_wake_time=row["next_wake_time"],
        steward=row["steward"],
        accepted=row["accepted"],
        level=row["level"],
        cycle=row["cycle"],
        reopen_count=row["reopen_count"],
        resolution=row["resolution"],
        proposed_outcome=Outcome(row["proposed_outcome"]),
        outcome=Outcome(row["outcome"]),
        grade=Grade(row["grade"]),
        basis=Basis(row["basis"]),
        confirmed=row["confirmed"],
        rejections=row["rejections"],
        resolve_time=row["resolve_time"],
        # What was resolved before it was kept apart.
        resolve_record_time=row["resolve_record_time"] or row["resolve_time"],
        close_time=row["close_time"],
        deliveries_planned=row["deliveries_planned"],
        deliveries_sent=row["deliveries_sent"],
        promise_move_count=row["promise_move_count"],
        first_reply_by=row["first_reply_by"],
        about_persons=tuple(row["about_persons"]),
        recused_persons=tuple(row["recused_persons"]),
        pause=_pause(row),
        flags=_list(row["flags"], _flag),
        late_entry=row["late_entry"],
        external_system=row["external_system"],
        external_ref=row["external_ref"],
        suggested_category=row["suggested_category"],
        code_attempt=row["code_attempt"],
        due_time=row["due_time"],
        version=row["version"],
    )


def read_file(row: asyncpg.Record) -> CaseFile:
    """Returns the case file of a row of get_file."""
    attached: dict[int, list[Attachment]] = {}
    for version, attachment in _list(row["attachments"], _attached):
        attached.setdefault(version, []).append(attachment)
    return CaseFile(
        case=read_case(row),
        zone=ZoneInfo(row["time_zone"]),
        answers=_list(row["answers"], _answer),
        feedbacks=_list(row["feedbacks"], _feedback),
        verifications=_with_files(row["verifications"], _verification, attached),
        work_orders=_list(row["work_orders"], _work_order),
        clocks=_list(row["clocks"], _clock),
        links=_list(row["links"], _link),
        promise_moves=_list(row["promise_moves"], _promise_move),
        callbacks=_list(row["callbacks"], _callback),
        withdrawals=_list(row["withdrawals"], _withdrawal),
        referrals=_list(row["referrals"], _referral),
        reviews=_list(row["reviews"], _review),
        comments=_with_files(row["comments"], _comment, attached),
        meetings=_list(row["meetings"], _meeting),
        # What was attached to the appeal came with its first fact.
        attachments=tuple(attached.get(1, ())),
        followers=tuple(row["followers"]),
        repeat_days=_repeat_days(row),
        hands=frozenset(row["hands"]),
    )


def read_step(row: asyncpg.Record) -> Step:
    """Returns a row of list_timeline."""
    return Step(
        source=row["source"],
        version=row["version"],
        type=row["type"],
        occurred_time=row["occurred_time"],
        record_time=row["record_time"],
        actor=row["actor"],
        acting_for=row["acting_for"],
        payload=row["payload"],
    )


def _list(text: str | None, read: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
    return () if text is None else tuple(read(item) for item in json.loads(text))


def _with_files(
    text: str | None,
    read: Callable[[Mapping[str, Any], tuple[Attachment, ...]], T],
    attached: Mapping[int, list[Attachment]],
) -> tuple[T, ...]:
    return _list(text, lambda item: read(item, tuple(attached.get(item["version"], ()))))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _answer(item: Mapping[str, Any]) -> Answer:
    promised, fed_back = item["promised_date"], item["fed_back_time"]
    again = item["next_date"]
    return Answer(
        answer_id=item["answer_id"],
        kind=AnswerKind(item["kind"]),
        text=item["text"],
        promised_date=date.fromisoformat(promised) if promised else None,
        answer_time=_time(item["answer_time"]),
        answered_by=item["answered_by"],
        cycle=item["cycle"],
        fed_back_time=_time(fed_back) if fed_back else None,
        next_date=date.fromisoformat(again) if again else None,
    )


def _pause(row: asyncpg.Record) -> Pause | None:
    if not row["pause_reason"]:
        return None
    return Pause(
        reason=row["pause_reason"],
        words=row["pause_words"],
        approved_by=row["pause_approved_by"],
        start_time=row["pause_start_time"],
        latest_end_time=row["pause_latest_end_time"],
    )


def _flag(item: Mapping[str, Any]) -> Flag:
    return Flag(
        kind=FlagKind(item["flag"]),
        reason=item["reason"],
        leader=item["leader"],
        flagged_by=item["flagged_by"],
        flag_time=_time(item["flag_time"]),
    )


def _promise_move(item: Mapping[str, Any]) -> PromiseMove:
    return PromiseMove(
        answer_id=item["answer_id"],
        previous_date=date.fromisoformat(item["previous_date"]),
        promised_date=date.fromisoformat(item["promised_date"]),
        reason=item["reason"],
        approved_by=item["approved_by"],
        move_time=_time(item["move_time"]),
    )


def _callback(item: Mapping[str, Any]) -> Callback:
    return Callback(
        cycle=item["cycle"],
        reached=item["reached"],
        called_by=item["called_by"],
        call_time=_time(item["call_time"]),
        words=item["words"],
        grade=item["grade"],
        sample_id=item["sample_id"],
    )


def _feedback(item: Mapping[str, Any]) -> Feedback:
    return Feedback(
        way=FeedbackWay(item["way"]),
        feedback_time=_time(item["feedback_time"]),
        note=item["note"],
        answer_id=item["answer_id"],
        cycle=item["cycle"],
        recorded_by=item["recorded_by"],
    )


def _verification(item: Mapping[str, Any], attachments: tuple[Attachment, ...]) -> Verification:
    return Verification(
        place=item["place"],
        findings=item["findings"],
        verified_by=item["verified_by"],
        verify_time=_time(item["verify_time"]),
        attachments=attachments,
    )


def _attached(item: Mapping[str, Any]) -> tuple[int, Attachment]:
    return item["version"], Attachment(
        reference=item["reference"],
        sha256=item["sha256"],
        media_type=item["media_type"],
        size_bytes=item["size_bytes"],
        caption=item["caption"],
    )


def _withdrawal(item: Mapping[str, Any]) -> Withdrawal:
    return Withdrawal(
        cycle=item["cycle"],
        reason=item["reason"],
        basis=item["basis"],
        counts=item["counts"],
        withdraw_time=_time(item["withdraw_time"]),
    )


def _referral(item: Mapping[str, Any]) -> Referral:
    result_time = item["result_time"]
    return Referral(
        version=item["version"],
        cycle=item["cycle"],
        body=item["body"],
        reference=item["reference"],
        reason=item["reason"],
        referred_by=item["referred_by"],
        refer_time=_time(item["refer_time"]),
        result=item["result"],
        result_recorded_by=item["result_recorded_by"],
        result_time=_time(result_time) if result_time else None,
    )


def _review(item: Mapping[str, Any]) -> Review:
    return Review(
        cycle=item["cycle"],
        decision=ReviewDecision(item["decision"]),
        findings=item["findings"],
        verified_by=item["verified_by"],
        reviewed_by=item["reviewed_by"],
        review_time=_time(item["review_time"]),
    )


def _comment(item: Mapping[str, Any], attachments: tuple[Attachment, ...]) -> Comment:
    return Comment(
        visibility=Visibility(item["visibility"]),
        text=item["text"],
        written_by=item["written_by"],
        by_reporter=item["by_reporter"],
        comment_time=_time(item["comment_time"]),
        attachments=attachments,
    )


def _meeting(item: Mapping[str, Any]) -> Meeting:
    next_date = item["next_date"]
    return Meeting(
        cycle=item["cycle"],
        meeting_time=_time(item["meeting_time"]),
        chaired_by=item["chaired_by"],
        participants=tuple(item["participants"]),
        unit_ids=tuple(item["unit_ids"]),
        decisions=item["decisions"],
        next_date=date.fromisoformat(next_date) if next_date else None,
        recorded_by=item["recorded_by"],
    )


def _work_order(item: Mapping[str, Any]) -> WorkOrder:
    return WorkOrder(
        work_order_id=item["work_order_id"],
        unit_id=item["unit_id"],
        lead=item["lead"],
        task=item["task"],
        dispatch_time=_time(item["dispatch_time"]),
        deadline_time=_time(item["deadline_time"]),
        state=item["state"],
    )


def _clock(item: Mapping[str, Any]) -> Clock:
    return Clock(
        clock_id=item["clock_id"],
        kind=item["kind"],
        cycle=item["cycle"],
        reference=item["reference"],
        start_time=_time(item["start_time"]),
        due_time=_time(item["due_time"]),
        state=item["state"],
        provisional=item["provisional"],
        breached=item["breached"],
        excused=item["excused"],
    )


def _repeat_days(row: asyncpg.Record) -> int:
    if not row["counts_repeats"]:
        return 0
    # A site without rules of its own has the defaults, as an empty message means them.
    told = intake_rules_pb2.WindowRules.FromString(row["rules"] or b"")
    return convert_rules.from_message(told, 0).repeat_days


def _link(item: Mapping[str, Any]) -> Link:
    return Link(
        case_id=item["case_id"], relation=Relation(item["relation"]), about=tuple(item["about"])
    )
