"""IntakeService: message → command → handler → message; one class of what belongs together."""

from services.intake.rpc.amending import AmendingMixin
from services.intake.rpc.answering import AnsweringMixin
from services.intake.rpc.common import Means
from services.intake.rpc.ending import EndingMixin
from services.intake.rpc.finding import FindingMixin
from services.intake.rpc.ledger import LedgerMixin
from services.intake.rpc.linking import LinkingMixin
from services.intake.rpc.measures import MeasuresMixin
from services.intake.rpc.reading import ReadingMixin
from services.intake.rpc.registering import RegisteringMixin
from services.intake.rpc.rules import RulesMixin
from services.intake.rpc.shifts import ShiftsMixin
from services.intake.rpc.slips import SlipsMixin
from services.intake.rpc.suggesting import SuggestingMixin
from services.intake.rpc.talking import TalkingMixin
from services.intake.rpc.watching import WatchingMixin

__all__ = ["IntakeServicer", "Means"]


class IntakeServicer(
    RegisteringMixin,
    AnsweringMixin,
    EndingMixin,
    ReadingMixin,
    FindingMixin,
    LedgerMixin,
    AmendingMixin,
    TalkingMixin,
    LinkingMixin,
    MeasuresMixin,
    ShiftsMixin,
    SuggestingMixin,
    RulesMixin,
    SlipsMixin,
    WatchingMixin,
):
    """Answers from the database as the caller may see it; changes it through the handlers."""
