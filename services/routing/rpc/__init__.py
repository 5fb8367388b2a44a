"""RoutingService: message → command → handler → message; one class of what belongs together."""

from services.routing.rpc.absences import AbsencesMixin
from services.routing.rpc.attribution import AttributionMixin
from services.routing.rpc.cases import CasesMixin
from services.routing.rpc.category_proposals import CategoryProposalsMixin
from services.routing.rpc.ladder import LadderMixin
from services.routing.rpc.lists import ListsMixin
from services.routing.rpc.matrix import MatrixMixin
from services.routing.rpc.outreach import OutreachMixin
from services.routing.rpc.roster import RosterMixin
from services.routing.rpc.sweeps import SweepsMixin
from services.routing.rpc.work_orders import WorkOrdersMixin


class RoutingServicer(
    ListsMixin,
    MatrixMixin,
    AbsencesMixin,
    RosterMixin,
    CasesMixin,
    LadderMixin,
    WorkOrdersMixin,
    CategoryProposalsMixin,
    AttributionMixin,
    OutreachMixin,
    SweepsMixin,
):
    """Answers from the database as the caller may see it; changes it through the handlers."""
