"""What the suggestions are worth: 300 appeals, each asked about and then registered, in order.

The figures are written down in docs/suggestions.md; here are floors below them. `pytest -s` prints
the figures.
"""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2
from chassis.convert import to_timestamp
from ctl import site_folder
from tests.integration.intake.window import NOW, Window

ROOT = Path(__file__).resolve().parents[3]
CORPUS = ROOT / "tests" / "corpus" / "appeals_zh.jsonl"
SAMPLE = ROOT / "deploy" / "samples" / "yuwu"

# Measured, and the floor a little below: what the ranking loses by accident is noticed.
CATEGORY_FLOOR, DUPLICATE_FLOOR = 0.86, 0.90


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal of the corpus; `half` is what its id falls into, A or B."""

    key: str
    text: str
    place: str
    category: str
    occurred_time: datetime
    same_as: frozenset[str]

    @property
    def half(self) -> str:
        return "AB"[hashlib.sha256(self.key.encode()).digest()[0] % 2]


@dataclass(slots=True)
class Share:
    """How many were right of how many."""

    right: int = 0
    of: int = 0

    def add(self, right: bool) -> None:
        self.right += right
        self.of += 1

    @property
    def share(self) -> float:
        return self.right / self.of


def corpus() -> list[Appeal]:
    """Returns the appeals, oldest first, moved so that the last was told a moment ago."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    told = [datetime.fromisoformat(row["occurred"]) for row in rows]
    moved = NOW - timedelta(minutes=1) - max(told)
    return sorted(
        (
            Appeal(
                key=row["id"],
                text=row["text"],
                place=row["place"],
                category=row["category"],
                occurred_time=time + moved,
                same_as=frozenset(row["same_as"]),
            )
            for row, time in zip(rows, told, strict=True)
        ),
        key=lambda one: (one.occurred_time, one.key),
    )


async def sample_site(window: Window) -> None:
    """Makes the sample site known to intake, with its lexicon."""
    folder = site_folder.read(SAMPLE)
    await window.tell(
        "routing",
        "directory/yuwu",
        "yuwu",
        routing_facts_pb2.DirectoryPublished(directory=folder.directory.directory),
    )
    assert folder.lexicon is not None
    await window.ask(folder.lexicon, "ADMINISTRATOR")


async def suggest(window: Window, appeal: Appeal) -> rpc.SuggestCaseResponse:
    response: rpc.SuggestCaseResponse = await window.ask(
        rpc.SuggestCaseRequest(
            site_id="yuwu",
            text=appeal.text,
            place=appeal.place,
            occurred_time=to_timestamp(appeal.occurred_time),
        ),
        "CLERK",
    )
    return response


async def test_category_first_and_duplicate_among_three(window: Window) -> None:
    await sample_site(window)
    categories = {half: Share() for half in ("A", "B", "all")}
    duplicates = {half: Share() for half in ("A", "B", "all")}
    case_ids: dict[str, str] = {}
    shown: Counter[str] = Counter()
    for appeal in corpus():
        response = await suggest(window, appeal)
        best = response.categories[0].category if response.categories else "OTHER"
        earlier = {case_ids[one] for one in appeal.same_as if one in case_ids}
        named = {one.case_id for one in response.duplicates}
        for half in (appeal.half, "all"):
            categories[half].add(best == appeal.category)
            if earlier:
                duplicates[half].add(bool(earlier & named))
        shown["with" if earlier else "without"] += len(named)
        made = await window.register(
            text=appeal.text,
            place=appeal.place,
            post_id="",
            # Where no place was noted a unit has to be; nothing is suggested by this one.
            unit_id="" if appeal.place else "logistics",
            category=appeal.category,
            reporter=pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS),
            occurred_time=to_timestamp(appeal.occurred_time),
        )
        case_ids[appeal.key] = made.case.case_id
    for half in ("A", "B", "all"):
        first, three = categories[half], duplicates[half]
        print(f"{half}: category first {first.right}/{first.of} = {first.share:.1%}")
        print(f"{half}: duplicate among three {three.right}/{three.of} = {three.share:.1%}")
    print("duplicates shown", dict(shown))
    counted = await window.rows(
        "SELECT suggestion, count(*) FROM cases WHERE site_id = 'yuwu' GROUP BY 1"
    )
    print({row["suggestion"]: row["count"] for row in counted})
    assert categories["all"].of == 300
    assert categories["all"].share >= CATEGORY_FLOOR
    assert duplicates["all"].share >= DUPLICATE_FLOOR
