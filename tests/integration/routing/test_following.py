"""What goes along when the site's lists change: levels, positions that wait, whoever is told."""

from datetime import timedelta

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as pb_organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.work import Work, run
from services.routing.domain.decisions import Decision, Rule
from services.routing.store import decisions
from tests.integration.routing.conftest import HEAD, INSTRUCTOR, SITE, Mine, directory, matrix, row
from tests.integration.routing.doing import findings, instruct, registered
from tests.integration.routing.test_assignment import explained
from tests.integration.routing.test_handover import absent, today


async def up(mine: Mine, case_id: str, level: int) -> pb.Route:
    """A case climbs so many levels, one clock after the other."""
    for _ in range(level):
        await mine.breached(case_id)
        await mine.advance(timedelta(minutes=1))
    return await mine.route(case_id)


def without(person: str, **holders: str) -> pb.Directory:
    """The sample organisation without somebody; positions have the holders given."""
    changed = directory()
    left = [other for other in changed.people if other.person_id != person]
    del changed.people[:]
    changed.people.extend(left)
    for position in changed.positions:
        position.holder = holders.get(position.position_id, position.holder)
    return changed


async def escalated(mine: Mine, case_id: str) -> facts.CaseEscalated:
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseEscalated)
    return last


async def level_time(mine: Mine) -> object:
    return await mine.value("SELECT level_time FROM routes")


async def test_a_level_whose_owner_has_left_is_its_next_holders(mine: Mine) -> None:
    case_id = await mine.registered()
    assert (await up(mine, case_id, 2)).accountable == "zhou"
    since = await level_time(mine)
    await mine.publish_directory(without("zhou", DIRECTOR="wu"))
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.level, route.accountable) == ("zhang", 2, "wu")
    assert await level_time(mine) == since
    told = await escalated(mine, case_id)
    assert (told.from_level, told.to_level, told.accountable) == (2, 2, "wu")
    assert "zhou" in (await explained(mine, case_id))[-1].steps[0].sentence
    assert await findings(mine) == []
    # It rests there: another handover changes nothing.
    recorded = len(await mine.facts(case_id))
    await mine.publish(matrix(row("joint-1", "zhang")))
    await mine.hand_over()
    assert len(await mine.facts(case_id)) == recorded


async def test_a_top_whose_owner_is_away_is_their_deputys(mine: Mine) -> None:
    changed = directory()
    del changed.ladder[1:]
    await mine.publish_directory(changed)
    case_id = await mine.registered()
    assert (await up(mine, case_id, 1)).accountable == "sun"
    await absent(mine, "sun", 0, 3, "zheng")
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "zheng"
    assert (await escalated(mine, case_id)).top
    assert await findings(mine) == []


async def test_an_absence_that_begins_at_midnight_moves_the_level_then(mine: Mine) -> None:
    case_id = await mine.registered()
    await up(mine, case_id, 2)
    await absent(mine, "zhou", 1, 1, "wu")
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "zhou"
    await mine.advance(timedelta(days=1))
    await mine.next_day()
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "wu"


async def test_a_level_that_nobody_has_any_more_is_to_be_seen_until_somebody_has_it(
    mine: Mine,
) -> None:
    changed = directory()
    changed.positions[2].holder = "wu"
    await mine.publish_directory(changed)
    case_id = await mine.registered()
    assert (await up(mine, case_id, 3)).accountable == "wu"
    await mine.publish_directory(without("wu", UNION="", LEADING_GROUP=""))
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "position:DISPATCH_ROOM"
    assert (await escalated(mine, case_id)).fallback
    listed = await mine.ask("ListFallbacks", rpc.ListFallbacksRequest(site_id=SITE), "DIRECTOR")
    assert case_id in str(listed)
    assert await findings(mine) == []
    await mine.publish_directory(without("wu", UNION="", LEADING_GROUP="zheng"))
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "zheng"
    assert not (await escalated(mine, case_id)).fallback
    assert await findings(mine) == []


async def test_the_level_goes_on_when_its_owner_goes_to_another_site(mine: Mine) -> None:
    request = rpc.PublishDirectoryRequest(directory=directory("other"))
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR", site="yuwu other")
    case_id = await mine.registered()
    await up(mine, case_id, 2)
    transfer = pb_organisation.TransferPersonRequest(
        from_site_id=SITE,
        person_id="zhou",
        to_site_id="other",
        start_date=to_date_message(await today(mine)),
        to_person_id="zhou9",
    )
    await mine.ask("TransferPerson", transfer, "ADMINISTRATOR", site="yuwu other")
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "position:DISPATCH_ROOM"


async def test_whoever_took_a_case_over_and_left_has_it_no_more(mine: Mine) -> None:
    case_id = await mine.registered()
    await up(mine, case_id, 1)
    taken = await instruct(mine, case_id, "zhou", kind=pb.INSTRUCTION_KIND_TAKE_OVER)
    assert taken.accountable == "zhou"
    await mine.publish_directory(without("zhou", DIRECTOR=""))
    await mine.hand_over()
    route = await mine.route(case_id)
    # Its level owes an answer anew, by its holder.
    assert (route.level, route.accountable, route.HasField("instruct_time")) == (1, "sun", False)
    assert await findings(mine) == []


async def test_an_order_stands_when_whoever_gave_it_has_left(mine: Mine) -> None:
    case_id = await mine.registered()
    await up(mine, case_id, 2)
    await instruct(mine, case_id, "zhou")
    recorded = len(await mine.facts(case_id))
    await mine.publish_directory(without("zhou", DIRECTOR="wu"))
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.accountable, route.HasField("instruct_time")) == ("zhang", True)
    assert await mine.value("SELECT level_owner FROM routes") == "wu"
    assert len(await mine.facts(case_id)) == recorded


def all_vacant() -> pb.Directory:
    """The sample organisation, in which nobody holds a position of the alternate chain."""
    return without("", UNION="", GROUP_INSPECTION="")


async def outside(mine: Mine) -> str:
    """A case that waits with a position outside the mine, nobody else may have it."""
    await mine.publish_directory(all_vacant())
    case_id = await registered(mine, "li", unit="")
    request = rpc.RecuseFromCaseRequest(case_id=case_id, person_id="sun", reason="亲属")
    await mine.ask("RecuseFromCase", request, who="zhou")
    assert (await mine.route(case_id)).accountable == "position:GROUP_INSPECTION"
    return case_id


async def test_a_case_leaves_a_position_that_is_no_more(mine: Mine) -> None:
    case_id = await outside(mine)
    changed = all_vacant()
    del changed.positions[-1]
    changed.positions.add(position_id="BUREAU", name="矿区纪委", outside=True)
    changed.rules.alternate_chain[:] = ["UNION", "BUREAU"]
    await mine.publish_directory(changed)
    await mine.hand_over()
    assert (await mine.route(case_id)).accountable == "position:BUREAU"
    changed.positions[-1].holder = "zheng"
    await mine.publish_directory(changed)
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.rule) == ("zheng", pb.ASSIGNMENT_RULE_ALTERNATE)
    assert await findings(mine) == []


async def test_a_level_under_an_accused_moves_though_nobody_has_the_case_below(
    mine: Mine,
) -> None:
    case_id = await outside(mine)
    assert (await up(mine, case_id, 2)).accountable == "zhou"
    changed = all_vacant()
    changed.positions[2].holder = "li"
    await mine.publish_directory(changed)
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.level, route.accountable) == (2, "position:GROUP_INSPECTION")
    assert await findings(mine) == []


async def also_told(mine: Mine) -> object:
    return await mine.value("SELECT also_told FROM routes")


async def test_an_instructor_who_was_replaced_is_told_no_more(mine: Mine) -> None:
    case_id = await mine.registered("joint-1")
    assert await also_told(mine) == ["zhao", "wang"]
    accept = rpc.AcceptCaseRequest(case_id=case_id)
    await mine.ask("AcceptCase", accept, "STEWARD", who="li")
    await mine.publish(matrix(row("joint-1", "zhou", INSTRUCTOR)))
    await mine.hand_over()
    assert await also_told(mine) == ["zhou", "wang"]
    last = (await mine.facts(case_id))[-1]
    assert isinstance(last, facts.CaseAssigned)
    assert (last.previous, last.steward, list(last.also_told)) == ("li", "li", ["zhou", "wang"])
    assert last.assign_time.ToDatetime() > (await mine.route(case_id)).assign_time.ToDatetime()
    # Accepted it stays, and another handover records nothing.
    assert (await mine.route(case_id)).HasField("accept_time")
    recorded = len(await mine.facts(case_id))
    await mine.publish_directory()
    await mine.hand_over()
    assert len(await mine.facts(case_id)) == recorded
    assert await findings(mine) == []


async def taken_by(mine: Mine, receiver: str, *about: str, unit: str = "bathhouse") -> str:
    case_id = new_id()
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id=unit, receiver=receiver, about_persons=about
    )
    await mine.hear("intake", case_id, message)
    return case_id


async def test_a_receiver_who_left_owes_no_first_reply(mine: Mine) -> None:
    case_id = await taken_by(mine, "zheng")
    moving = await taken_by(mine, "zheng", unit="logistics")
    assert (await mine.route(case_id)).first_reply_by == "zheng"
    await mine.publish_directory(without("zheng", GROUP_INSPECTION=""))
    await mine.publish(matrix(row("logistics", "li")))
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.first_reply_by) == ("zhang", "")
    # Nor where the case changes hands.
    route = await mine.route(moving)
    assert (route.steward, route.first_reply_by) == ("li", "")
    request = rpc.AssignCaseRequest(case_id=moving, steward="wu", reason="熟悉情况")
    assert (await mine.ask("AssignCase", request)).route.first_reply_by == ""


async def test_a_receiver_who_comes_under_an_accused_owes_no_first_reply(mine: Mine) -> None:
    case_id = await taken_by(mine, "wang", "zheng", unit="logistics")
    assert (await mine.route(case_id)).first_reply_by == "wang"
    await mine.publish(matrix(row("bathhouse", "zheng", HEAD)))
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.first_reply_by) == ("zhang", "")


async def test_decisions_about_a_case_never_go_back_in_time(mine: Mine) -> None:
    case_id = await mine.registered()

    async def late(work: Work) -> None:
        # Whoever waited for the case's lock has an older time.
        time = work.time - timedelta(hours=1)
        decision = Decision("zhang", Rule.MANUAL, 0, (), "sun", time)
        await decisions.add_decision(work.connection, case_id, SITE, decision)

    await run(mine.database.worker, service_actor("routing"), late)
    first, second = await explained(mine, case_id)
    assert second.decide_time.ToNanoseconds() == first.decide_time.ToNanoseconds()
