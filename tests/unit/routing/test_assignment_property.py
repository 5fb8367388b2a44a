"""Whatever a mine looks like and whatever happens to a case: somebody has it, and nobody of those
it is about.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.domain import ladder as ladders
from services.routing.domain import route as routes
from services.routing.domain.assignment import (
    Alternate,
    Candidates,
    Responsible,
    assign,
    with_first_reply,
)
from services.routing.domain.decisions import StepOutcome
from services.routing.domain.directory import Level, Person
from services.routing.domain.roster import Duty
from services.routing.domain.route import Instruction, Route
from services.routing.domain.shield import Shield, shield

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PEOPLE = [f"p{number}" for number in range(8)]
# A tree: shops in a part of a mine, one part apart.
PARENTS = {"mine": "", "part": "mine", "shop": "part", "apart": "mine"}
POSITIONS = ["DUTY_LEAD", "DIRECTOR", "DEPUTY", "MANAGER"]
LADDER = [Level(position, 1) for position in POSITIONS]

people = st.sampled_from(PEOPLE)
somebody = st.sampled_from(["", *PEOPLE])


@dataclass(frozen=True)
class Mine:
    """Who holds what; `own` is to whom the office of a level is given, on duty or not."""

    units: dict[str, str]
    heads: dict[str, str]
    on_duty: list[str]
    own: list[str]
    steward: str
    deputy_for: str
    told: list[str]
    at_post: list[str]
    alternates: list[str]

    def shield(self, route: Route) -> Shield:
        return shield(
            route.about_persons,
            route.recused_persons,
            ladder=[{now, own} - {""} for now, own in zip(self.on_duty, self.own, strict=True)],
            heads=self.heads,
            parents=PARENTS,
            people=[Person(person, person, unit) for person, unit in self.units.items()],
        )

    def chain(self) -> tuple[Alternate, ...]:
        names = ["DISCIPLINE", "UNION", "GROUP"]
        return tuple(
            Alternate(name, holder, outside=name == "GROUP")
            for name, holder in zip(names, self.alternates, strict=True)
        )

    def found(self, route: Route) -> Candidates:
        lead = self.on_duty[0]
        return Candidates(
            "shop",
            Responsible(
                "车间",
                self.steward,
                also_told=tuple(self.told),
                deputy_for=self.deputy_for if self.steward else "",
                absent="" if self.steward else self.deputy_for,
            ),
            tuple(Duty(person, person, by_roster=True) for person in self.at_post),
            "南风井",
            Duty(lead, lead, by_roster=True),
            self.chain(),
            self.shield(route),
        )

    def owner(self, route: Route, step: ladders.Step) -> str:
        """Who comes to have a level: its holder, or the alternate chain in their place."""
        person = self.on_duty[step.level - 1]
        duty = Duty(person, person, by_roster=True)
        return ladders.owner(route, step, "", duty, self.shield(route), self.chain())[0]

    # What follows is said a second time, in other words, so that it can contradict.

    def highest(self, accused: set[str]) -> int:
        """The highest level that an accused holds, 0 for none."""
        levels = [
            level + 1
            for level in range(len(POSITIONS))
            if {self.on_duty[level], self.own[level]} & accused
        ]
        return max(levels, default=0)

    def never(self, route: Route) -> set[str]:
        """Accused and recused, and those under the former."""
        accused = set(route.about_persons)
        away = accused | set(route.recused_persons)
        for person, unit in self.units.items():
            at = unit
            while at:
                if self.heads.get(at) in accused:
                    away.add(person)
                at = PARENTS[at]
        top = self.highest(accused)
        if top:
            lower = {*self.on_duty[: top - 1], *self.own[: top - 1]}
            away |= lower - {*self.on_duty[top - 1 :], *self.own[top - 1 :]}
        return away - {""}


mines = st.builds(
    Mine,
    units=st.fixed_dictionaries({person: st.sampled_from(["", *PARENTS]) for person in PEOPLE}),
    heads=st.dictionaries(st.sampled_from(list(PARENTS)), people, max_size=3),
    on_duty=st.lists(somebody, min_size=4, max_size=4),
    own=st.lists(somebody, min_size=4, max_size=4),
    steward=somebody,
    deputy_for=st.just("") | st.just("away"),
    told=st.lists(people, max_size=2, unique=True),
    at_post=st.lists(people, max_size=2, unique=True),
    alternates=st.lists(somebody, min_size=3, max_size=3),
)
moves = st.lists(
    st.tuples(
        st.sampled_from(
            ["recuse", "up", "down", "hand", "order", "take", "accept", "reopen", "matrix", "left"]
        ),
        people,
    ),
    max_size=15,
)


def check(mine: Mine, route: Route) -> None:
    never = mine.never(route)
    top = mine.highest(set(route.about_persons))
    outside = set(mine.alternates)
    in_hand = {route.steward, route.level_owner, route.accountable, route.first_reply_by}
    assert not in_hand & never
    assert not set(route.also_told) & never
    # With an accused on a level, whoever is below it belongs to the alternate chain.
    if top:
        assert route.steward in {"", *outside}
        assert not route.also_told
        assert not route.first_reply_by or route.first_reply_by in outside
    if 0 < route.level < top and not routes.on_position(route.level_owner):
        assert route.level_owner in outside
    # One has it: a person, or a position of the site.
    assert route.accountable in PEOPLE or route.accountable.startswith("position:")
    assert (route.level == 0) == (route.level_owner == "")
    assert not (route.steward and route.fallback_position)


def settled(mine: Mine, route: Route) -> Route:
    """What a recusal does beside naming the person."""
    found = mine.found(route)
    if route.steward and found.keeps_away(route.steward):
        given_anew = with_first_reply(assign(found), found, route.receiver)
        route = routes.reassign(route, given_anew, NOW)
    owner = route.level_owner
    if owner and not routes.on_position(owner) and found.keeps_away(owner, route.level):
        step = ladders.step_at(route.level, LADDER)
        fresh = mine.owner(route, step)
        route = (
            ladders.replaced(route, step, fresh, NOW)
            if route.level_holds
            else replace(route, level_owner=fresh)
        )
    return route


def go(mine: Mine, route: Route, move: str, person: str) -> tuple[Mine, Route]:
    found = mine.found(route)
    match move:
        case "recuse":
            if person not in route.shielded:
                route = settled(mine, routes.recuse(route, person))
        case "up":
            step = ladders.next_step(route, LADDER)
            if step is not None:
                route = ladders.move(route, step, mine.owner(route, step), NOW)
        case "down":
            if route.level:
                step = ladders.step_down(route, LADDER)
                owner = mine.owner(route, step) if step.level else ""
                route = ladders.move(route, step, owner, NOW)
        case "hand":
            if not found.keeps_away(person):
                by_hand = routes.by_hand(person, "", ("d1", ""), "x", found)
                route = routes.reassign(
                    route, with_first_reply(by_hand, found, route.receiver), NOW
                )
        case "order" | "take":
            kind = Instruction.ORDER if move == "order" else Instruction.TAKE_OVER
            if route.level and route.answered is None and not routes.on_position(route.level_owner):
                route = ladders.instruct(route, kind, "x", route.level_owner, NOW)
        case "accept":
            if route.steward:
                route = routes.accept(route, route.steward, NOW)
        case "reopen":
            route = routes.reopen(route, route.cycle + 1)
        case "matrix" | "left":
            mine = replace(mine, steward=person if move == "matrix" else "")
            found = mine.found(route)
            moved = routes.handed_over(route, found, here=move == "matrix")
            if moved is not None:
                route = routes.reassign(route, with_first_reply(moved, found, route.receiver), NOW)
    return mine, route


@settings(max_examples=400, deadline=None)
@given(
    mine=mines,
    about=st.lists(people, max_size=2, unique=True),
    receiver=somebody,
    what=moves,
)
def test_somebody_has_a_case_and_nobody_it_is_about(
    mine: Mine, about: list[str], receiver: str, what: list[tuple[str, str]]
) -> None:
    asked = routes.asked_for("case-1", "yuwu", "shop", NOW, receiver=receiver, about_persons=about)
    found = mine.found(asked)
    route = routes.reassign(asked, with_first_reply(assign(found), found, receiver), NOW)
    check(mine, route)
    for move, person in what:
        mine, route = go(mine, route, move, person)
        check(mine, route)


@given(mine=mines, about=st.lists(people, max_size=2, unique=True), receiver=somebody)
def test_every_assignment_says_how_it_came_about(
    mine: Mine, about: list[str], receiver: str
) -> None:
    asked = routes.asked_for("case-1", "yuwu", "shop", NOW, receiver=receiver, about_persons=about)
    found = mine.found(asked)
    plain = assign(found)
    taken = [step for step in plain.steps if step.outcome is StepOutcome.TAKEN]
    assert taken == [plain.steps[-1]]
    assert taken[0].candidate == routes.reassign(asked, plain, NOW).accountable
    for step in plain.steps:
        assert step.zh.endswith("。") and step.en.endswith(".")
    noted = with_first_reply(plain, found, receiver)
    assert (noted.steps == plain.steps) == (noted.first_reply_by == "")
