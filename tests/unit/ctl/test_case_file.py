"""What the command line reads out of a case file, so that nobody has to."""

from typing import cast
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import (
    intake_finding_pb2,
    intake_marks_pb2,
    intake_pb2,
    intake_registration_pb2,
)
from ctl.commands.case import end_of
from ctl.commands.register import hazard, suggested
from ctl.failures import Problem
from ctl.names import Names
from ctl.shell import Session
from ctl.tables import finding
from ctl.tables.look import Look
from ctl.words import Words

NAMES = Names(categories={"BATHING": "洗浴"})
TEN, ELEVEN = Timestamp(seconds=36_000), Timestamp(seconds=39_600)
WITHDRAWN = intake_pb2.Withdrawal(counts=True, withdraw_time=TEN)


def _case(**fields: object) -> intake_pb2.Case:
    usual = {"number": "YW-20261123-0001", "cycle": 2}
    return intake_pb2.Case(**(usual | fields))  # type: ignore[arg-type] # fields of any type


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        (_case(withdrawal=WITHDRAWN), "WITHDRAWN"),
        (_case(referral=intake_marks_pb2.Referral(result="已办", cycle=2)), "REFERRED"),
        (_case(proposed_outcome=intake_pb2.OUTCOME_EXPLAINED), "EXPLAINED"),
        # Said by somebody else only, before the result, or before the reporter spoke again.
        (
            _case(
                withdrawal=intake_pb2.Withdrawal(withdraw_time=TEN),
                proposed_outcome=intake_pb2.OUTCOME_SOLVED,
            ),
            "SOLVED",
        ),
        (
            _case(
                withdrawal=WITHDRAWN,
                resolve_time=ELEVEN,
                proposed_outcome=intake_pb2.OUTCOME_SOLVED,
            ),
            "SOLVED",
        ),
        (
            _case(
                withdrawal=WITHDRAWN,
                comments=[intake_marks_pb2.Comment(by_reporter=True, comment_time=ELEVEN)],
                proposed_outcome=intake_pb2.OUTCOME_SOLVED,
            ),
            "SOLVED",
        ),
        # A referral without a result, or of the cycle before.
        (
            _case(
                referral=intake_marks_pb2.Referral(cycle=2),
                proposed_outcome=intake_pb2.OUTCOME_SOLVED,
            ),
            "SOLVED",
        ),
        (
            _case(
                referral=intake_marks_pb2.Referral(result="已办", cycle=1),
                proposed_outcome=intake_pb2.OUTCOME_SOLVED,
            ),
            "SOLVED",
        ),
    ],
)
def test_a_case_is_struck_off_as_its_file_shows(case: intake_pb2.Case, outcome: str) -> None:
    assert intake_pb2.Outcome.Name(end_of(case)) == f"OUTCOME_{outcome}"


def test_a_file_that_shows_no_end_asks_for_one() -> None:
    with pytest.raises(Problem) as asked:
        end_of(_case())
    assert asked.value.field == "--outcome"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_lexicons_idea_comes_with_the_command_to_take_it(language: str) -> None:
    words = Words(language)
    said = suggested(words, NAMES, _case(category="OTHER", suggested_category="BATHING"))
    assert "洗浴" in said
    assert "case amend YW-20261123-0001 --category BATHING" in said
    for same in ({"category": "BATHING", "suggested_category": "BATHING"}, {"category": "OTHER"}):
        assert suggested(words, NAMES, _case(**same)) == ""


class _Listener:
    """Hears what a session says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def test_the_telephone_for_a_hazard_is_said_once() -> None:
    notice = intake_marks_pb2.HazardNotice(
        text="请拨打 0355-0000110。", phone_number="0355-0000110"
    )
    listener = _Listener()
    response = intake_registration_pb2.RegisterCaseResponse(hazard_notice=notice)
    hazard(cast(Session, listener), response)
    hazard(cast(Session, listener), intake_registration_pb2.RegisterCaseResponse())
    assert listener.said == ["⚠ 请拨打 0355-0000110。"]


def test_a_step_that_is_not_for_the_watcher_is_no_line() -> None:
    look = Look(Words("zh"), NAMES, ZoneInfo("Asia/Shanghai"))
    assert finding.event(look, intake_finding_pb2.CaseEvent(sequence=4)) == ""
    other = intake_finding_pb2.CaseEvent(sequence=5, type="SitePublished")
    assert finding.event(look, other) == ""
    step = intake_finding_pb2.CaseEvent(sequence=6, case_id="c", sentence="诉求已登记。")
    assert "诉求已登记。" in finding.event(look, step)
