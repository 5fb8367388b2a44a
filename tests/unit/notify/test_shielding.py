"""Whatever happens to a case: nobody it is about, and none of the recused, hears of it."""

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from backstop.intake.v1 import intake_facts_pb2
from services.notify import convert
from services.notify.domain import cases, sweep_plans
from services.notify.domain.deliveries import REPORTER, Plan
from services.notify.domain.digests import Digesting
from tests.unit.notify.examples import CASE, sweep_task
from tests.unit.notify.test_rendering import of_case, of_clocks

# All who are told anything by some rule.
PEOPLE = (
    "dd01", "dd02", "clerk1", "clerk2", "ins1", "director", "head1", "head2", "head3", "asker1",
    "dd00", "leader1",
)  # fmt: skip
people = st.sampled_from(PEOPLE)


def all_plans(case: cases.CaseView) -> Iterator[Plan]:
    yield from of_case(case)
    yield from of_clocks(case)


def test_everybody_is_told_of_an_ordinary_case() -> None:
    case = replace(CASE, leader="leader1")
    # Who opens a sweep is only named.
    assert set(PEOPLE) - {"dd00"} <= {plan.recipient for plan in all_plans(case)}


@given(
    shielded=st.frozensets(people),
    recused=st.lists(people, max_size=3),
    steward=st.sampled_from(("", *PEOPLE)),
    accountable=people,
    receiver=people,
    first=st.sampled_from(("", *PEOPLE)),
    leader=people,
    phone=st.booleans(),
)
def test_nobody_hears_of_a_case_that_is_kept_from_them(
    shielded: frozenset[str],
    recused: list[str],
    steward: str,
    accountable: str,
    receiver: str,
    first: str,
    leader: str,
    phone: bool,
) -> None:
    case = replace(
        CASE, shielded=shielded, steward=steward, accountable=accountable, receiver=receiver,
        first_reply_by=first, leader=leader, has_phone=phone,
    )  # fmt: skip
    for person in recused:
        case = cases.recuse(case, person)
    assert case.shielded == shielded | set(recused)
    for plan in all_plans(case):
        assert plan.recipient not in case.shielded, plan.template
        if plan.recipient == REPORTER:
            assert plan.context["teller"] not in case.shielded
    tasks = [sweep_task(n, f"unit{n}", person) for n, person in enumerate(PEOPLE)]
    swept = sweep_plans.sweep_opened(
        tasks, defect="x", due_date="2026-12-03", opened_by="dd00", shielded=case.shielded
    )
    assert {plan.recipient for plan in swept} == set(PEOPLE) - case.shielded


def test_who_is_shielded_stays_so_through_all_that_follows() -> None:
    case = cases.recuse(replace(CASE, shielded=frozenset({"a1"})), "r1")
    case = cases.assign(case, "dd02", "dd02", shielded=["b1"])
    case = cases.begin_again(cases.resolve(cases.escalate(cases.accept(case), "x", 1, cycle=1)), 2)
    assert case.shielded == {"a1", "r1", "b1"}


def test_news_of_a_case_with_someone_shielded_waits_for_no_others() -> None:
    late = Digesting().late
    assert Digesting().held(CASE, late) is not None
    assert Digesting().held(replace(CASE, shielded=frozenset({"a1"})), late) is None


def test_who_kept_away_from_a_case_hears_nothing_of_what_was_split_from_it() -> None:
    fact = intake_facts_pb2.CaseRegistered(about_persons=["head1"], recused_persons=["clerk1"])
    assert convert.registered_case(fact).shielded == {"head1", "clerk1"}
