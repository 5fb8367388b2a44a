"""The reviews of a long-standing case, which come again for as long as it is one."""

from dataclasses import replace

from services.sla.domain.acts import Flagged, FlagKind, Met
from services.sla.domain.docket import Docket
from services.sla.domain.kinds import ClockKind


def flagged(docket: Docket, act: Flagged) -> None:
    """A long-standing case is reviewed again and again, until it no longer is one."""
    if act.flag is not FlagKind.LONG_STANDING:
        return
    docket.case = replace(docket.case, long_standing=act.set)
    if act.set:
        docket.start(ClockKind.REVIEW, act.time)
    else:
        docket.cancel(docket.live(ClockKind.REVIEW), act.time)


def met(docket: Docket, act: Met) -> None:
    """A meeting about a long-standing case is its review: the next one is owed from then on.

    Not one that was held before the review now running began, however late it is heard of.
    """
    reviews = [one for one in docket.live(ClockKind.REVIEW) if one.start_time < act.time]
    if reviews:
        docket.stop(reviews, act.time)
        docket.start(ClockKind.REVIEW, act.time)
