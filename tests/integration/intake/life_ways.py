"""Who does what to a case, step by step: ways to its ends, past them, and along every arrow."""

from collections.abc import Mapping
from typing import Any

from tests.integration.intake.life_model import IN_HAND, OPEN, Who

CLERK, STEWARD, HANDLER = Who("c-1", "CLERK"), Who("s-1", "STEWARD"), Who("h-1", "HANDLER")
DISPATCHER, DIRECTOR = Who("d-1", "DISPATCHER"), Who("e-1", "DIRECTOR")
SUPPORT, LEADER = Who("u-1", "SUPPORT"), Who("l-1", "LEADER")
REPORTER, STRANGER = Who("w-7", "REPORTER"), Who("w-8", "REPORTER")
CODE, WRONG = Who(code=True), Who(code=True, wrong=True)
STAFF = (CLERK, STEWARD, HANDLER, DISPATCHER, DIRECTOR, SUPPORT, LEADER)
IN_HAND_CODE = Who("c-1", "CLERK", code=True)
SPEAKERS = (*STAFF, REPORTER, STRANGER, CODE, WRONG, IN_HAND_CODE)

WAYS_TO_TELL = ("", "TOLD", "ATTEMPT", "LEFT", "POSTED")
ENDS = (
    "SOLVED",
    "EXPLAINED",
    "EXPLAINED_NOT_ACCEPTED",
    "UNCONFIRMED",
    "REFERRED",
    "DUPLICATE",
    "WITHDRAWN",
)

# What begins the work on a case.
WORK = ("verify", "meet", "answer")

Step = tuple[str, Who, dict[str, Any]]


def wait(hours: int) -> Step:
    return "wait", DISPATCHER, {"hours": hours}


def resolved(outcome: str = "SOLVED") -> Step:
    return "resolve", STEWARD, {"outcome": outcome, "way": "TOLD"}


def closed(outcome: str) -> Step:
    return "close", DISPATCHER, {"outcome": outcome}


REJECTED: list[Step] = [resolved("EXPLAINED"), ("reject", CODE, {})]
CALLED: list[Step] = [("call", SUPPORT, {"reached": False, "ago": 0}), wait(24)]
UPHELD: Step = ("review", DIRECTOR, {"decision": "UPHELD", "verifier": "x-1"})
CONFIRMED: Step = ("confirm", CODE, {"grade": "SATISFIED"})

# Ways to an end, or past it, that a random walk seldom finds.
WAYS: Mapping[str, list[Step]] = {
    "nowhere": [],
    "assigned": [("assigned", DISPATCHER, {})],
    "accepted": [("assigned", DISPATCHER, {}), ("accepted", DISPATCHER, {})],
    "solved": [resolved(), CONFIRMED, closed("SOLVED")],
    "explained": [resolved("EXPLAINED"), CONFIRMED, closed("EXPLAINED")],
    "doubted": [*REJECTED, *REJECTED],
    "unconvinced": [
        *REJECTED,
        *REJECTED,
        UPHELD,
        closed("EXPLAINED_NOT_ACCEPTED"),
    ],
    "unheard": [resolved(), *CALLED, *CALLED, *CALLED, closed("UNCONFIRMED")],
    "silent": [resolved(), wait(384), closed("UNCONFIRMED")],
    "referred": [
        ("refer", DISPATCHER, {}),
        ("result", DISPATCHER, {}),
        ("answer", CLERK, {"way": "TOLD"}),
        closed("REFERRED"),
    ],
    "withdrawn": [("withdraw", CODE, {}), closed("WITHDRAWN")],
    "left": [
        ("answer", CLERK, {"way": "ATTEMPT"}),
        ("feed_back", CLERK, {"way": "LEFT"}),
        wait(2),
        ("feed_back", CLERK, {"way": "ATTEMPT"}),
        ("feed_back", CLERK, {"way": "LEFT"}),
    ],
    "asked again": [
        resolved(),
        CONFIRMED,
        closed("SOLVED"),
        ("draw", DIRECTOR, {}),
        ("sampled call", SUPPORT, {"reached": False}),
        ("sampled call", DISPATCHER, {"reached": True}),
    ],
    # What looks like a proof and isn't one.
    "one doubt": [*REJECTED, UPHELD],
    "called at once": [resolved(), *CALLED[:1] * 3, closed("UNCONFIRMED")],
    "called before": [resolved(), *CALLED * 3, *REJECTED, resolved(), closed("UNCONFIRMED")],
    "called long after": [resolved(), wait(48), ("call", SUPPORT, {"reached": False, "ago": 120})],
    "spoken meanwhile": [resolved(), wait(240), ("speak", CODE, {}), wait(240)],
    "in the wrong hand": [resolved(), ("confirm", IN_HAND_CODE, {"grade": "SATISFIED"})],
    "a hand in it": [
        ("reissue", SUPPORT, {}),
        resolved(),
        ("confirm", SUPPORT, {"grade": "SATISFIED"}),
    ],
    "said again": [resolved(), CONFIRMED, ("confirm", CLERK, {"grade": "DISSATISFIED"})],
    "withdrawn before": [("withdraw", CODE, {}), *REJECTED],
    "upheld before": [*REJECTED * 2, UPHELD, *REJECTED],
    "told before": [
        ("refer", DISPATCHER, {}),
        ("result", DISPATCHER, {}),
        *REJECTED,
        closed("REFERRED"),
    ],
    "too late": [resolved(), CONFIRMED, closed("SOLVED"), wait(384), ("reopen", REPORTER, {})],
    "not theirs": [*REJECTED * 2, UPHELD, closed("EXPLAINED_NOT_ACCEPTED"), ("reopen", CODE, {})],
}


# Every arrow of docs/case-life-cycle.md that somebody can walk: (command, from, to).
ARROWS = frozenset(
    {
        ("assigned", "REGISTERED", "ASSIGNED"),
        ("accepted", "ASSIGNED", "IN_PROGRESS"),
        *((work, state, "IN_PROGRESS") for work in WORK for state in ("REGISTERED", "ASSIGNED")),
        *(("resolve", state, "RESOLVED") for state in IN_HAND),
        ("reject", "RESOLVED", "IN_PROGRESS"),
        ("review", "RESOLVED", "IN_PROGRESS"),
        ("close SOLVED", "RESOLVED", "CLOSED"),
        ("close EXPLAINED", "RESOLVED", "CLOSED"),
        ("close UNCONFIRMED", "RESOLVED", "CLOSED"),
        # Both need an answer or a rejection before, so the case has been in progress.
        ("close EXPLAINED_NOT_ACCEPTED", "IN_PROGRESS", "CLOSED"),
        ("close EXPLAINED_NOT_ACCEPTED", "RESOLVED", "CLOSED"),
        ("close REFERRED", "IN_PROGRESS", "CLOSED"),
        ("close REFERRED", "RESOLVED", "CLOSED"),
        *(("close WITHDRAWN", state, "CLOSED") for state in OPEN),
        *(("merge", state, "CLOSED") for state in OPEN),
        ("reopen", "CLOSED", "IN_PROGRESS"),
    }
)
BEGUN: Mapping[str, list[Step]] = {
    "REGISTERED": [],
    "ASSIGNED": [("assigned", DISPATCHER, {})],
    "IN_PROGRESS": [("verify", STEWARD, {})],
    "RESOLVED": [resolved()],
}
AGAIN: Step = ("review", DIRECTOR, {"decision": "WORK_AGAIN", "verifier": "x-1"})
MERGED: Step = ("merge", DISPATCHER, {"master": 1})
PATHS: list[list[Step]] = [
    *([*begun, *WAYS["withdrawn"], ("reopen", CODE, {})] for begun in BEGUN.values()),
    *([*begun, MERGED, ("reopen", DISPATCHER, {})] for begun in BEGUN.values()),
    *(
        [*BEGUN[state], (work, STEWARD, {"way": "TOLD"} if work == "answer" else {})]
        for work in WORK
        for state in ("REGISTERED", "ASSIGNED")
    ),
    *([*BEGUN[state], resolved()] for state in IN_HAND),
    *(WAYS[way] for way in ("accepted", "solved", "explained", "unconvinced", "unheard")),
    WAYS["referred"],
    [*WAYS["referred"][:-1], resolved(), closed("REFERRED")],
    [*WAYS["doubted"], resolved("EXPLAINED"), AGAIN],
    [
        *WAYS["doubted"],
        resolved("EXPLAINED"),
        *WAYS["unconvinced"][-2:],
        ("reopen", DIRECTOR, {}),
    ],
]


def twisted(way: list[Step], twist: str, place: int) -> list[Step]:
    """Returns a way that may lack what it needs: each end has its proofs, all of this cycle."""
    at = place % max(len(way), 1)
    match twist:
        case "broken off":
            return way[:at]
        case "left out":
            return way[:at] + way[at + 1 :]
        case "rejected":
            return way[:at] + REJECTED + way[at:]
        case "another's word":
            # In the hand of who took the appeal in, even the code is only a report.
            return [
                (name, IN_HAND_CODE if who == CODE else DISPATCHER, what)
                if which == at
                else (name, who, what)
                for which, (name, who, what) in enumerate(way)
            ]
    return way
