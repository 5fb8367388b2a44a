"""What one shift hands to the next, and whom the lot falls on."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import handover, samples
from services.intake.domain.handover import Change, Standing
from services.intake.domain.samples import Closed, Stratum
from services.intake.domain.values import Basis, CaseState, Grade, Outcome

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)

ids = st.sampled_from([f"case-{number}" for number in range(12)])


def standing(case_id: str, state: CaseState = CaseState.IN_PROGRESS, **fields: object) -> Standing:
    usual: dict[str, object] = {
        "accountable": "s-1",
        "due_time": None,
        "breached": False,
        "promised_date": None,
        "reopened": False,
    }
    return Standing(case_id, state, **(usual | fields))  # type: ignore[arg-type] # fields as told


@given(st.lists(st.tuples(ids, st.booleans()), max_size=40))
def test_every_case_is_accounted_for_over_any_number_of_handovers(
    steps: list[tuple[str, bool]],
) -> None:
    # Each step opens or closes a case and then hands over.
    is_open: dict[str, bool] = {}
    before: frozenset[str] = frozenset()
    seen: set[str] = set()
    for case_id, opened in steps:
        is_open[case_id] = opened
        found = [
            standing(one, CaseState.IN_PROGRESS if now_open else CaseState.CLOSED)
            for one, now_open in is_open.items()
            if now_open or one in before
        ]
        lines = handover.entries(found, before, seen, NOW, TODAY)
        counts = dict.fromkeys(Change, 0)
        for line in lines:
            counts[line.change] += 1
        sums = handover.reckon(counts, len(before))
        assert sums.balanced
        assert sums.open_now == sum(is_open.values())
        before = frozenset(line.case_id for line in lines if line.change is not Change.CLOSED)
        seen |= {line.case_id for line in lines}


def test_a_case_that_vanished_unbalances_the_reckoning() -> None:
    lines = handover.entries([standing("a")], frozenset({"a", "b"}), {"a", "b"}, NOW, TODAY)
    counts = {Change.CARRIED: len(lines)}
    assert not handover.reckon(counts, 2).balanced


def test_a_case_is_new_carried_reopened_or_closed() -> None:
    found = [
        standing("new"),
        standing("carried"),
        standing("again", reopened=True),
        standing("seen"),
        standing("closed", CaseState.CLOSED),
    ]
    lines = handover.entries(
        found, frozenset({"carried", "closed"}), {"carried", "closed", "seen"}, NOW, TODAY
    )
    assert {line.case_id: line.change for line in lines} == {
        "new": Change.NEW,
        "carried": Change.CARRIED,
        "again": Change.REOPENED,
        "seen": Change.REOPENED,
        "closed": Change.CLOSED,
    }


def test_at_risk_is_what_is_late_or_due_within_twelve_hours() -> None:
    soon, later = NOW + timedelta(hours=11), NOW + timedelta(hours=12)
    found = [
        standing("late", breached=True),
        standing("soon", due_time=soon),
        standing("later", due_time=later),
        standing("gone", CaseState.CLOSED, breached=True, promised_date=TODAY),
        standing("promised", promised_date=TODAY),
        standing("tomorrow", promised_date=TODAY + timedelta(days=1)),
    ]
    lines = handover.entries(found, frozenset(), frozenset(), NOW, TODAY)
    assert {line.case_id for line in lines if line.at_risk} == {"late", "soon"}
    assert [line.case_id for line in lines if line.promised_today] == ["promised"]
    ordered = [line.case_id for line in sorted(lines, key=handover.order)]
    assert ordered[:3] == ["soon", "late", "later"]
    assert ordered[-1] == "gone"


def closed(case_id: str, **fields: object) -> Closed:
    usual: dict[str, object] = {
        "cycle": 1,
        "outcome": Outcome.SOLVED,
        "grade": Grade.SATISFIED,
        "basis": Basis.CODE,
        "reopen_count": 0,
    }
    return Closed(case_id, **(usual | fields))  # type: ignore[arg-type] # fields as told


@given(st.sets(ids), st.integers(1, 12), st.integers(), st.randoms())
def test_the_same_seed_draws_the_same_whatever_the_order(
    chosen: set[str], count: int, seed: int, random: object
) -> None:
    cases = [closed(one) for one in sorted(chosen)]
    drawn = samples.draw(cases, count, seed)
    shuffled = cases[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis' Random
    assert samples.draw(shuffled, count, seed) == drawn
    assert len(drawn) == min(count, len(chosen))
    assert len({one.case_id for one in drawn}) == len(drawn)


def test_another_seed_draws_others() -> None:
    cases = [closed(f"case-{number}") for number in range(100)]
    first, second = ([one.case_id for one in samples.draw(cases, 10, seed)] for seed in (1, 2))
    assert first != second


def test_the_unhappy_and_the_unheard_come_before_the_lot() -> None:
    cases = [
        *(closed(f"content-{number}") for number in range(50)),
        closed("dissatisfied", grade=Grade.DISSATISFIED),
        closed("rejected-once", reopen_count=1),
        closed("only-reported", basis=Basis.REPORTED),
        closed("never-asked", basis=Basis.NONE, grade=Grade.NONE),
    ]
    drawn = samples.draw(cases, 5, 7)
    assert {one.case_id for one in drawn[:2]} == {"dissatisfied", "rejected-once"}
    assert {one.case_id for one in drawn[2:4]} == {"only-reported", "never-asked"}
    assert drawn[4].stratum is Stratum.LOT


def test_to_agree_is_to_say_what_was_declared() -> None:
    assert samples.agrees(Grade.SATISFIED, Outcome.SOLVED, Grade.SATISFIED)
    assert not samples.agrees(Grade.SATISFIED, Outcome.SOLVED, Grade.MOSTLY_SATISFIED)
    assert samples.agrees(Grade.NONE, Outcome.EXPLAINED, Grade.MOSTLY_SATISFIED)
    assert not samples.agrees(Grade.NONE, Outcome.UNCONFIRMED, Grade.SATISFIED)
