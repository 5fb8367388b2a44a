"""Whatever is done to a case, in whatever order: it never ends unproven, and is never nobody's.

What would prove an end is looked up in a log of what was said, not in what the case has kept; and
what is proven by it is closed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.errors import Refused
from services.intake.domain import commands, ending, follow_up, transitions
from services.intake.domain.marks import ReviewDecision
from services.intake.domain.rules import DEFAULTS
from services.intake.domain.transitions import Act
from services.intake.domain.values import (
    AnswerKind,
    Basis,
    Case,
    CaseFile,
    CaseState,
    Confidentiality,
    Feedback,
    FeedbackWay,
    Grade,
    Outcome,
)
from tests.unit.intake.examples import NOW, TOLD
from tests.unit.intake.examples import file as file_of

WORDS = st.sampled_from([Basis.REPORTER, Basis.CODE, Basis.CALLBACK, Basis.REPORTED])
OUTCOMES = st.sampled_from([one for one in Outcome if one])
ENDS = st.sampled_from([Outcome.SOLVED, Outcome.EXPLAINED])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([0.1, 1, 16])),
        st.tuples(st.just("answer"), st.booleans()),
        st.tuples(st.just("resolve"), ENDS),
        st.tuples(st.just("confirm"), WORDS),
        st.tuples(st.just("reject"), WORDS),
        st.tuples(st.just("call"), st.booleans()),
        st.tuples(st.just("withdraw"), WORDS),
        st.tuples(st.just("refer"), st.none()),
        st.tuples(st.just("result"), st.none()),
        st.tuples(st.just("review"), st.sampled_from(list(ReviewDecision))),
        st.tuples(st.just("close"), OUTCOMES),
        st.tuples(st.just("reopen"), st.sampled_from([Basis.NONE, Basis.REPORTER, Basis.CODE])),
        # Ways to an end that a random walk seldom finds.
        st.tuples(st.just("way"), st.sampled_from(["solved", "silent", "unconvinced", "told"])),
    ),
    max_size=40,
)
WAYS: dict[str, list[tuple[str, object]]] = {
    "solved": [("resolve", Outcome.SOLVED), ("confirm", Basis.CODE)],
    "silent": [("resolve", Outcome.SOLVED), *[("call", False), ("wait", 1)] * 3],
    "unconvinced": [
        *[("resolve", Outcome.EXPLAINED), ("reject", Basis.CODE)] * 2,
        ("review", ReviewDecision.UPHELD),
    ],
    "told": [("refer", None), ("result", None), ("answer", True)],
}


DIRECTOR = Act("d-1", NOW)


@dataclass
class Life:
    """One case, the time, and a log of (what, of what kind, when) with marks between cycles."""

    file: CaseFile
    act: Act = DIRECTOR
    log: list[tuple[str, object, Act]] = field(default_factory=list)

    def do(self, name: str, what: object) -> None:
        """Takes a step, or leaves everything as it is where the rules refuse it."""
        steps: dict[str, Callable[[object], None]] = {
            "wait": self._wait,
            "answer": self._answer,
            "resolve": self._resolve,
            "confirm": self._confirm,
            "reject": self._reject,
            "call": self._call,
            "withdraw": self._withdraw,
            "refer": self._refer,
            "result": self._result,
            "review": self._review,
            "close": self._close,
            "reopen": self._reopen,
        }
        try:
            steps[name](what)
        except Refused:
            return
        # In time's order, also where nobody waited: what is said later has a later time.
        self.log.append((name, what, self.act))
        self._wait(1e-6)

    def said(self, name: str, *, ever: bool = False) -> list[tuple[object, Act]]:
        """What was said of a kind, in this cycle or ever."""
        found: list[tuple[object, Act]] = []
        for kind, what, act in self.log:
            if kind == "cycle" and not ever:
                found = []
            if kind == name:
                found.append((what, act))
        return found

    def last(self, name: str, *, real: bool = False) -> int:
        """Returns the place in the log of what was said last in this cycle; -1 without."""
        begun = max((place for place, one in enumerate(self.log) if one[0] == "cycle"), default=-1)
        found = -1
        for place, (kind, what, _) in enumerate(self.log[begun + 1 :]):
            told = kind == "answer" and bool(what) if name == "told" else kind == name
            if told and not (real and what == Basis.REPORTED):
                found = place
        return found

    def put(self, changed: Case) -> None:
        begun = changed.cycle != self.file.case.cycle
        self.file = replace(self.file, case=changed)
        if begun:
            self.log.append(("cycle", None, self.act))

    def _wait(self, days: object) -> None:
        if isinstance(days, int | float):
            self.act = replace(self.act, time=self.act.time + timedelta(days=days))

    def _answer(self, told: object) -> None:
        command = commands.AnswerCase(
            "", 0, AnswerKind.FIRST_REPLY, "已派人", None, TOLD if told else None, None
        )
        made = transitions.answer(self.file, command, self.act, f"a-{len(self.log)}")
        self.put(made.case)
        self.file = replace(self.file, answers=(*self.file.answers, made.answer))

    def _resolve(self, outcome: object) -> None:
        command = commands.ResolveCase("", 0, "已更换", Outcome(str(outcome)), TOLD, None)
        made = transitions.resolve(self.file, command, self.act)
        self.put(made.case)
        told = Feedback(FeedbackWay.TOLD, self.act.time, "", "", made.case.cycle, "d-1")
        self.file = replace(self.file, feedbacks=(*self.file.feedbacks, told))

    def _confirm(self, basis: object) -> None:
        command = commands.ConfirmCase("", 0, Grade.SATISFIED, "", "")
        self.put(transitions.confirm(self.file, command, Basis(str(basis))).case)

    def _reject(self, basis: object) -> None:
        self.put(transitions.reject(self.file, Basis(str(basis)), self.act))

    def _call(self, reached: object) -> None:
        command = commands.RecordCallback("", 0, bool(reached), "", None)
        made = follow_up.call_back(self.file, command, Act("u-1", self.act.time))
        self.file = replace(self.file, callbacks=(*self.file.callbacks, made.callback))

    def _withdraw(self, basis: object) -> None:
        command = ending.WithdrawCase("", 0, "不办了")
        made = ending.withdraw(self.file, command, Basis(str(basis)), self.act)
        if made.new:
            kept = (*self.file.withdrawals, made.withdrawal)
            self.file = replace(self.file, withdrawals=kept)

    def _refer(self, _: object) -> None:
        made = ending.refer(self.file, ending.ReferCase("", 0, "x", "y", "z"), self.act)
        self.file = replace(self.file, referrals=(*self.file.referrals, made))

    def _result(self, _: object) -> None:
        command = ending.RecordReferralResult("", 0, "已修复")
        made = ending.record_result(self.file, command, self.act)
        self.file = replace(self.file, referrals=(*self.file.referrals[:-1], made))

    def _review(self, decision: object) -> None:
        command = ending.ReviewCase("", 0, ReviewDecision(str(decision)), "属实", "v-1")
        made = ending.review(self.file, command, self.act, frozenset({"v-1"}))
        self.file = replace(self.file, reviews=(*self.file.reviews, made.review))
        self.put(made.case)

    def _close(self, outcome: object) -> None:
        command = commands.CloseCase("", 0, Outcome(str(outcome)), "")
        self.put(ending.close(self.file, command, self.act, DEFAULTS))

    def _reopen(self, basis: object) -> None:
        self.put(ending.reopen(self.file, Basis(str(basis)), self.act, DEFAULTS).case)


def proven(life: Life, outcome: Outcome) -> bool:
    """Tells from the log alone, and from where the case stands, whether it may be closed so."""
    case = life.file.case
    waits = case.state is CaseState.RESOLVED
    confirmed = any(word != Basis.REPORTED for word, _ in life.said("confirm"))
    vain: set[date] = set()
    for reached, act in life.said("call"):
        vain = set() if reached else {*vain, act.time.astimezone(life.file.zone).date()}
    match outcome:
        case Outcome.SOLVED | Outcome.EXPLAINED:
            return waits and confirmed and life.said("resolve")[-1][0] == outcome
        case Outcome.EXPLAINED_NOT_ACCEPTED:
            reviews = [what for what, _ in life.said("review")]
            words = [word for word, _ in life.said("reject", ever=True)]
            twice = len([word for word in words if word != Basis.REPORTED]) >= 2
            looked = life.last("review") > life.last("resolve")
            upheld = looked and reviews[-1:] == [ReviewDecision.UPHELD]
            return twice and upheld and not confirmed
        case Outcome.UNCONFIRMED if not waits:
            return False
        case Outcome.UNCONFIRMED if case.confidentiality is Confidentiality.ANONYMOUS:
            since = life.said("resolve")[-1][1].time
            return not confirmed and life.act.time - since >= timedelta(days=15)
        case Outcome.UNCONFIRMED:
            return not confirmed and len(vain) >= 3
        case Outcome.REFERRED:
            known = life.last("result") > life.last("refer") >= 0
            return known and max(life.last("told"), life.last("resolve")) > life.last("result")
        case Outcome.WITHDRAWN:
            return life.last("withdraw", real=True) > life.last("resolve")
    return False


def closable(life: Life, outcome: Outcome) -> bool:
    """Tells whether the rules close the case so."""
    command = commands.CloseCase("", 0, outcome, "")
    try:
        ending.close(life.file, command, life.act, DEFAULTS)
    except Refused:
        return False
    return True


def walk(steps: list[tuple[str, object]]) -> Iterator[tuple[str, object]]:
    """Returns the steps with every way taken apart, so that one can look after each of them."""
    for name, what in steps:
        yield from WAYS[str(what)] if name == "way" else [(name, what)]


@settings(max_examples=400, deadline=None)
@given(steps=STEPS, anonymous=st.booleans(), steward=st.sampled_from(["", "s-1"]))
def test_a_case_ends_as_far_as_it_is_proven_and_is_never_nobodys(
    steps: list[tuple[str, object]], anonymous: bool, steward: str
) -> None:
    how = Confidentiality.ANONYMOUS if anonymous else Confidentiality.NAMED
    life = Life(file_of(confidentiality=how, steward=steward))
    before = life.file.case
    for name, what in walk(steps):
        life.do(name, what)
        now = life.file.case
        assert (now.accountable == "") is (not now.open)
        assert (now.next_wake_time is None) is (not now.open)
        assert (now.outcome is Outcome.NONE) is now.open
        assert (now.close_time is None) is now.open
        assert now.cycle >= before.cycle
        assert now.cycle_start_time >= before.cycle_start_time
        assert now.reopen_count == now.cycle - 1
        assert now.cycle_start_time <= (now.resolve_time or life.act.time)
        assert (now.resolve_time or now.cycle_start_time) <= (now.close_time or life.act.time)
        if now.open:
            for outcome in Outcome:
                assert closable(life, outcome) is proven(life, outcome), outcome
        if not before.open and not now.open:
            assert now == before
        before = now


def test_the_ways_lead_to_their_ends() -> None:
    for way, outcome in (
        ("solved", Outcome.SOLVED),
        ("silent", Outcome.UNCONFIRMED),
        ("unconvinced", Outcome.EXPLAINED_NOT_ACCEPTED),
        ("told", Outcome.REFERRED),
    ):
        life = Life(file_of())
        for step in walk([("way", way)]):
            life.do(*step)
        assert life.file.case.state is not CaseState.CLOSED
        assert proven(life, outcome), way
        life.do("close", outcome)
        assert (life.file.case.state, life.file.case.outcome) == (CaseState.CLOSED, outcome), way
