"""Requests of finding → what is wanted; what was found → messages."""

from collections.abc import Iterable, Mapping

from backstop.intake.v1 import intake_finding_pb2 as pb
from services.intake.convert.enums import from_number
from services.intake.domain.filters import parse
from services.intake.domain.finding import CountGroup, Place, SortValue, Wanted, parse_query
from services.intake.domain.inbox import View
from services.intake.domain.values import CaseState


def view(number: int) -> View:
    """Returns the inbox; NONE for none."""
    return View(pb.InboxView.Name(number).removeprefix("INBOX_VIEW_"))  # type: ignore[arg-type] # the walls let no other number pass


def group(number: int) -> CountGroup:
    """Returns by what is counted; all together by default."""
    name = pb.CountGroup.Name(number).removeprefix("COUNT_GROUP_")  # type: ignore[arg-type] # the walls let no other number pass
    return CountGroup.NONE if name == "UNSPECIFIED" else CountGroup(name)


def wanted(request: pb.ListCasesRequest | pb.CountCasesRequest) -> Wanted:
    """Returns which cases are asked for; raises Refused FILTER_INVALID and INVALID_FIELD."""
    common = Wanted(
        site_id=request.site_id,
        filter=parse(request.filter),
        words=parse_query(request.query),
        view=view(request.view),
    )
    if isinstance(request, pb.CountCasesRequest):
        return common
    return Wanted(
        site_id=common.site_id,
        filter=common.filter,
        words=common.words,
        view=common.view,
        states=tuple(from_number(CaseState, state) for state in request.states),
        unit_id=request.unit_id,
        accountable=request.accountable,
    )


def place(keyset: Iterable[object] | None) -> Place | None:
    """Returns where a page begins, of a token that was issued for `keyset_of`."""
    if keyset is None:
        return None
    lacking, value, case_id = keyset
    return Place(bool(lacking), value, str(case_id))  # type: ignore[arg-type] # it is signed: keyset_of made it


def keyset_of(place: Place) -> tuple[int, SortValue, str]:
    """Returns what a page token keeps of the last row of a page."""
    return int(place.lacking), place.value, place.case_id


def counts(found: Mapping[str, int]) -> pb.CountCasesResponse:
    """Returns the counts, in the order they have."""
    return pb.CountCasesResponse(
        counts=[pb.CaseCount(value=value, count=count) for value, count in found.items()],
        total=sum(found.values()),
    )


def inboxes(found: Mapping[View, int]) -> pb.GetInboxResponse:
    """Returns one count for each view."""
    return pb.GetInboxResponse(
        inboxes=[
            pb.InboxCount(view=pb.InboxView.Value(f"INBOX_VIEW_{one}"), count=count)
            for one, count in found.items()
        ]
    )
