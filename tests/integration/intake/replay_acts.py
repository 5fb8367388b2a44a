"""What callers do to a case, or try, while a random life goes on."""

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.replay_life import VERIFIERS, Act, Life, Try

TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD, note="电话告知")
TRIED = pb.Feedback(way=pb.FEEDBACK_WAY_ATTEMPT)


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
        remove=it.one(False, False, True),
        reason=f"顶板渗水{it.count}",
    )
    if not request.remove and request.flag == pb.CASE_FLAG_LONG_STANDING:
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


def review(it: Life, case: pb.Case) -> Act:
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


def _split(it: Life, case: pb.Case) -> Act:
    request = life.SplitCaseRequest(
        case_id=it.case_id, text=f"食堂早饭太凉{it.count}", reason="两件事"
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


# What is tried by state, the likelier the oftener; the last in any.
IN_HAND: tuple[Try, ...] = (
    _answer, _answer, _feed_back, _verify, _move, _escalate, _resolve, _resolve, _resolve, _refer,
    _referral_result, _meet, _amend, _amend, review,
)  # fmt: skip
RESOLVED: tuple[Try, ...] = (
    _call, _call, _confirm, _reject, _reject, _reject, _reject, _close, review, review,
)  # fmt: skip
CLOSED: tuple[Try, ...] = (_reopen, _reopen, _master_resolved, _masters_merged, _confirm)
ANY: tuple[Try, ...] = (
    _flag, _close, _withdraw, _link, _split, _merge, _comment, _reissue, _unseal, _feed_back, _call,
)  # fmt: skip
