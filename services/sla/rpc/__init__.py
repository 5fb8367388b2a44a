"""SlaService: one class of what belongs together, questions, publishing, pausing, backtests."""

from chassis.database import Database
from chassis.pages import PageTokens
from services.sla.rpc.backtest import BacktestMixin
from services.sla.rpc.pausing import PausingMixin
from services.sla.rpc.publishing import PublishingMixin
from services.sla.rpc.questions import QuestionsMixin


class SlaServicer(QuestionsMixin, PublishingMixin, PausingMixin, BacktestMixin):
    """Works on the database as the caller may see it, and as the service where one site's caller
    moves what is the group's."""

    def __init__(self, app: Database, worker: Database, pages: PageTokens) -> None:
        self._app = app
        self._worker = worker
        self._pages = pages
