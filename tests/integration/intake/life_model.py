"""A case's life as the rules tell it, in few words: what the service is held against.

It shares nothing with the service but names. Hours are counted from the case's registration, and a
moment goes by with every call: what happened n hours ago is that long ago, and a bit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
SILENT_HOURS = 15 * 24
REOPEN_HOURS = 15 * 24
VAIN_DAYS = 3
CALL_HOURS = 3 * 24
REJECTIONS = 2
TRIES = 2

IN_HAND = ("REGISTERED", "ASSIGNED", "IN_PROGRESS")
OPEN = (*IN_HAND, "RESOLVED")
ROOM = ("DISPATCHER", "DIRECTOR")
ROOM_POSITION = "position:DISPATCH_ROOM"
PEOPLE = ("c-1", "s-1", "x-1", "x-2")
REACHED = ("TOLD", "LEFT", "POSTED")

# Who may call at all; anyone may speak for the reporter, and is then looked at closely.
CALLERS: Mapping[str, tuple[str, ...]] = {
    "verify": ("CLERK", "STEWARD", "HANDLER", *ROOM),
    "answer": ("CLERK", "STEWARD", *ROOM),
    "feed_back": ("CLERK", "STEWARD", *ROOM),
    "amend": ("CLERK", "STEWARD", *ROOM),
    "meet": ("STEWARD", "LEADER", *ROOM),
    "escalate": ("STEWARD", "LEADER", *ROOM),
    "flag": ROOM,
    "resolve": ("STEWARD", *ROOM),
    "call": ("DISPATCHER", "SUPPORT"),
    "sampled call": ("DISPATCHER", "SUPPORT"),
    "refer": ROOM,
    "result": ("STEWARD", *ROOM),
    "review": ("DIRECTOR",),
    "close": ROOM,
    "merge": ROOM,
    "reissue": ("CLERK", "SUPPORT", *ROOM),
}


@dataclass(frozen=True)
class Who:
    """A caller; `code` tells that they show the case's receipt code, `wrong` another one."""

    subject: str = ""
    role: str = ""
    code: bool = False
    wrong: bool = False


@dataclass
class Model:
    """One case, and what was said about it. `master` goes on in its place."""

    anonymous: bool
    state: str = "REGISTERED"
    cycle: int = 1
    reopen_count: int = 0
    accountable: str = ROOM_POSITION
    steward: str = ""
    outcome: str = ""
    proposed: str = ""
    grade: str = ""
    basis: str = ""
    hour: int = 0
    work_order_open: bool = False
    # For good.
    hands: set[str] = field(default_factory=lambda: {"c-1"})
    rejections: int = 0
    flagged: bool = False
    # The cycle in which a sample held it last.
    drawn: int = 0
    referral: str = ""
    referred_in: int = 0
    master: "Model | None" = None
    last_answer: int = 0
    last_reached: bool = False
    resolved_at: int = 0
    closed_at: int = 0
    spoken_at: int = -1
    # Of this cycle.
    told: bool = False
    withdrawn: bool = False
    verdict: str = ""
    result_told: bool = False
    tries: set[datetime] = field(default_factory=set)
    calls: list[tuple[datetime, bool]] = field(default_factory=list)

    @property
    def confirmed(self) -> bool:
        return self.basis in ("REPORTER", "CODE", "CALLBACK")

    @property
    def vain(self) -> set[date]:
        """The local days of calls in vain since the reporter was last reached."""
        found: set[date] = set()
        for at, reached in sorted(self.calls):
            found = set() if reached else {*found, at.astimezone(ZONE).date()}
        return found

    @property
    def drawable(self) -> bool:
        """A sample of closed cases may hold it: its reporter can be asked about its own result."""
        return self.state == "CLOSED" and not self.anonymous and self.outcome != "DUPLICATE"

    def callable(self, subject: str) -> bool:
        """Tells whether someone whose role may call the reporter may call this one now."""
        waits = self.state == "RESOLVED" or (self.state == "CLOSED" and self.drawn == self.cycle)
        return waits and not self.anonymous and subject not in self.hands

    def do(self, name: str, who: Who, what: Mapping[str, Any]) -> str:
        """Returns why it is refused; where it isn't, "", and the case is what it is then."""
        if name in CALLERS and who.role not in CALLERS[name]:
            return "PERMISSION_DENIED"
        act: Callable[..., str] = getattr(self, f"_{name.replace(' ', '_')}")
        return act(who, **what)

    def fact(self, name: str) -> None:
        """Routing tells of its own steps; what was decided here stays."""
        if name == "assigned":
            self.hands.add("s-1")
            self.steward = "s-1"
            if self.state != "CLOSED":
                self.accountable = "s-1"
            if self.state == "REGISTERED":
                self.state = "ASSIGNED"
        elif self.state in IN_HAND:
            self.state = "IN_PROGRESS"

    # Work ----------------------------------------------------------------------------------------

    def _verify(self, who: Who) -> str:
        return self._worked_on(who)

    def _meet(self, who: Who) -> str:
        refused = self._worked_on(who)
        if not refused:
            self.hands.add("s-1")
        return refused

    def _amend(self, who: Who) -> str:
        return self._beside(who, IN_HAND)

    def _flag(self, who: Who) -> str:
        refused = self._beside(who, OPEN)
        if not refused:
            self.flagged = not self.flagged
        return refused

    def _escalate(self, who: Who) -> str:
        if self.state in IN_HAND and who.role not in ROOM and who.subject != self.accountable:
            return "NOT_ACCOUNTABLE"
        return self._beside(who, IN_HAND)

    def _reissue(self, who: Who) -> str:
        return self._beside(who, (*OPEN, "CLOSED"))

    def _answer(self, who: Who, way: str, at: datetime) -> str:
        if self.state not in IN_HAND:
            return "WRONG_STATE"
        refused = self._reach(way, at)
        if refused:
            return refused
        self.last_answer, self.last_reached = self.cycle, way in REACHED
        self._heard(way in REACHED)
        return self._worked_on(who)

    def _feed_back(self, who: Who, way: str, at: datetime) -> str:
        if self.state == "CLOSED":
            return "WRONG_STATE"
        if not self.last_answer:
            return "ANSWER_NOT_FOUND"
        refused = self._reach(way, at)
        if not refused:
            # An answer becomes known once.
            now = way in REACHED and not self.last_reached
            self.last_reached = self.last_reached or now
            self._heard(now and self.last_answer == self.cycle)
            self.hands.add(who.subject)
        return refused

    def _resolve(self, who: Who, outcome: str, way: str, at: datetime) -> str:
        if self.state not in IN_HAND:
            return "WRONG_STATE"
        tries = set(self.tries)
        refused = self._reach(way, at)
        if not refused and not (self.told or way in REACHED):
            refused = "NOT_ANSWERED"
        if not refused and self.work_order_open:
            refused = "WORK_ORDER_OPEN"
        if refused:
            self.tries = tries
            return refused
        self.hands.add(who.subject)
        self._heard(way in REACHED)
        self.state, self.proposed, self.resolved_at = "RESOLVED", outcome, self.hour
        # Neither a withdrawal nor a review is of what was done after it.
        self.basis = self.grade = self.verdict = ""
        self.withdrawn = False
        return ""

    # The reporter's word -------------------------------------------------------------------------

    def _confirm(self, who: Who, grade: str) -> str:
        refused, basis = self._word(who)
        about = self.master or self
        if not refused and about.state not in ("RESOLVED", *(("CLOSED",) if self.master else ())):
            refused = "WRONG_STATE"
        if refused or (self.confirmed and basis == "REPORTED"):
            return refused
        self.grade, self.basis = grade, basis
        return ""

    def _reject(self, who: Who) -> str:
        refused, basis = self._word(who)
        if refused or self.state != "RESOLVED":
            return refused or "WRONG_STATE"
        self.rejections += basis != "REPORTED"
        return self._again()

    def _withdraw(self, who: Who) -> str:
        refused, basis = self._word(who)
        if refused or self.state == "CLOSED":
            return refused or "WRONG_STATE"
        self.withdrawn = self.withdrawn or basis != "REPORTED"
        return ""

    def _speak(self, who: Who) -> str:
        own = who.subject == "w-7" and not self.anonymous
        if who.wrong:
            return "CODE_WRONG"
        if own or (who.code and who.subject not in self.hands):
            self.spoken_at = self.hour
            self.withdrawn = False
        elif who.role == "REPORTER":
            return "CASE_NOT_FOUND"
        return ""

    def _reopen(self, who: Who) -> str:
        refused, basis = self._word(who)
        own = basis in ("REPORTER", "CODE")
        if not refused and not own and who.role not in ROOM:
            refused = "PERMISSION_DENIED"
        if refused or self.state != "CLOSED":
            return refused or "WRONG_STATE"
        if own and self.outcome == "EXPLAINED_NOT_ACCEPTED":
            return "REOPEN_NOT_ALLOWED"
        if own and self.hour - self.closed_at >= REOPEN_HOURS:
            return "REOPEN_WINDOW_OVER"
        self.master = None
        return self._again()

    # Ends ----------------------------------------------------------------------------------------

    def _call(self, who: Who, reached: bool, ago: int, at: datetime) -> str:
        if self.state != "RESOLVED":
            return "WRONG_STATE"
        if who.subject in self.hands:
            return "CALLER_HANDLED_CASE"
        if self.anonymous:
            return "REPORTER_ANONYMOUS"
        if ago < 0:
            return "TIME_IN_FUTURE"
        if self.hour - ago < self.resolved_at or ago > CALL_HOURS:
            return "INVALID_FIELD"
        self.calls.append((at, reached))
        return ""

    def _sampled_call(self, who: Who, reached: bool) -> str:
        if self.drawn != self.cycle:
            return "SAMPLE_NOT_FOUND"
        if self.state != "CLOSED":
            return "WRONG_STATE"
        # It is about what was struck off, and counts no day.
        return "CALLER_HANDLED_CASE" if who.subject in self.hands else ""

    def _refer(self, who: Who) -> str:
        refused = self._beside(who, IN_HAND)
        if not refused:
            self.referral, self.referred_in = "waits", self.cycle
        return refused

    def _result(self, who: Who) -> str:
        if self.state in IN_HAND and self.referral != "waits":
            return "REFERRAL_MISSING"
        refused = self._beside(who, IN_HAND)
        if not refused:
            self.referral, self.result_told = "known", False
        return refused

    def _review(self, who: Who, decision: str, verifier: str) -> str:
        if self.state == "CLOSED":
            return "WRONG_STATE"
        if self.rejections < REJECTIONS:
            return "REVIEW_TOO_EARLY"
        if verifier not in PEOPLE:
            return "INVALID_FIELD"
        if verifier in self.hands:
            return "VERIFIER_HANDLED_CASE"
        self.hands |= {who.subject, verifier}
        self.verdict = decision
        if decision == "WORK_AGAIN" and self.state == "RESOLVED":
            return self._again()
        return ""

    def _close(self, who: Who, outcome: str) -> str:
        if self.state == "CLOSED" or (
            outcome in ("SOLVED", "EXPLAINED", "UNCONFIRMED") and self.state != "RESOLVED"
        ):
            return "WRONG_STATE"
        if not self.proven(outcome):
            return "END_NOT_PROVEN"
        if self.state in IN_HAND and self.work_order_open:
            return "WORK_ORDER_OPEN"
        if outcome == "EXPLAINED_NOT_ACCEPTED":
            self.grade, self.basis = "DISSATISFIED", ""
        return self._over(outcome)

    def _merge(self, who: Who, master: "Model") -> str:
        if master is self:
            return "LINK_CYCLE"
        if self.state == "CLOSED":
            return "WRONG_STATE"
        if master.state == "CLOSED":
            return "MASTER_CLOSED"
        if self.state in IN_HAND and self.work_order_open:
            return "WORK_ORDER_OPEN"
        self.master = master
        return self._over("DUPLICATE")

    def proven(self, outcome: str) -> bool:
        """Tells whether a case that is open has what this end needs."""
        match outcome:
            case "SOLVED" | "EXPLAINED":
                return self.proposed == outcome and self.confirmed
            case "EXPLAINED_NOT_ACCEPTED":
                upheld = self.verdict == "UPHELD" and not self.confirmed
                return self.rejections >= REJECTIONS and upheld
            case "UNCONFIRMED" if self.anonymous:
                silent = self.hour - max(self.resolved_at, self.spoken_at)
                return not self.confirmed and silent >= SILENT_HOURS
            case "UNCONFIRMED":
                return not self.confirmed and len(self.vain) >= VAIN_DAYS
            case "REFERRED":
                return (
                    self.referred_in == self.cycle and self.referral == "known" and self.result_told
                )
            case "WITHDRAWN":
                return self.withdrawn
        return False

    # What these share ----------------------------------------------------------------------------

    def _beside(self, who: Who, states: tuple[str, ...]) -> str:
        if self.state not in states:
            return "WRONG_STATE"
        self.hands.add(who.subject)
        return ""

    def _worked_on(self, who: Who) -> str:
        refused = self._beside(who, IN_HAND)
        self.state = self.state if refused else "IN_PROGRESS"
        return refused

    def _heard(self, now: bool) -> None:
        self.told, self.result_told = self.told or now, self.result_told or now

    def _reach(self, way: str, at: datetime) -> str:
        if way == "POSTED" and not self.anonymous:
            return "POSTED_NEEDS_ANONYMOUS"
        if way == "LEFT" and len(self.tries) < TRIES:
            return "ATTEMPTS_MISSING"
        if way == "ATTEMPT":
            self.tries.add(at.astimezone(ZONE).replace(minute=0, second=0, microsecond=0))
        return ""

    def _word(self, who: Who) -> tuple[str, str]:
        """Returns why someone has no say about the result, or on what their word rests."""
        if who.wrong:
            return "CODE_WRONG", ""
        if who.code:
            return "", "REPORTED" if who.subject in self.hands else "CODE"
        if who.role == "REPORTER":
            own = who.subject == "w-7" and not self.anonymous
            return ("", "REPORTER") if own else ("CASE_NOT_FOUND", "")
        if who.role in ("HANDLER", "LEADER"):
            return "PERMISSION_DENIED", ""
        # Nobody can have called the anonymous.
        outside = who.role == "SUPPORT" and who.subject not in self.hands and not self.anonymous
        return "", "CALLBACK" if outside else "REPORTED"

    def _over(self, outcome: str) -> str:
        self.state, self.outcome, self.closed_at = "CLOSED", outcome, self.hour
        self.accountable = ""
        return ""

    def _again(self) -> str:
        self.state = "IN_PROGRESS"
        self.cycle += 1
        self.reopen_count += 1
        self.outcome = self.proposed = self.grade = self.basis = self.verdict = ""
        self.told = self.withdrawn = self.result_told = False
        self.tries, self.calls = set(), []
        self.accountable = self.steward or ROOM_POSITION
        return ""
