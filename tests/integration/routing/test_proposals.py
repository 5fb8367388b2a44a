"""Who could work on a case, as ListHandlerProposals tells it."""

from typing import Any

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.testing import bearer
from tests.integration.routing.conftest import HEAD, SITE, Mine, directory, matrix, row
from tests.integration.routing.doing import dispatch
from tests.integration.routing.test_assignment import register


async def proposals(mine: Mine, case_id: str) -> Any:
    return await mine.ask(
        "ListHandlerProposals", rpc.ListHandlerProposalsRequest(case_id=case_id), "STEWARD"
    )


async def tables(mine: Mine) -> None:
    """Bathing is the bathhouse's, but the logistics' at the south shaft."""
    site = directory()
    site.categories[0].supporting_unit_ids.append("joint-1")
    site.place_rules.append(
        pb.PlaceRule(place="南风井", category_id="BATHING", unit_id="logistics")
    )
    await mine.publish_directory(site)
    await mine.publish(matrix(row("logistics", "zhao", HEAD)))
    await mine.hand_over()


async def test_units_come_by_place_before_category_before_origin(mine: Mine) -> None:
    await tables(mine)
    case_id = await register(mine, "joint-1", category="BATHING", place="南风井浴室门口")
    await dispatch(mine, case_id, "bathhouse")
    found = await proposals(mine, case_id)
    assert [(unit.unit_id, unit.lead, unit.open_count) for unit in found.units] == [
        ("logistics", True, 0),
        ("bathhouse", False, 1),
        ("joint-1", False, 0),
    ]
    assert found.units[0].unit_name == "后勤部"
    assert "南风井" in found.units[0].reason
    elsewhere = await proposals(mine, await register(mine, category="BATHING", place="北风井"))
    assert [unit.unit_id for unit in elsewhere.units] == ["bathhouse", "joint-1"]
    token = mine.keys.person("sun", ["STEWARD"], [SITE])
    english = await mine.stub.ListHandlerProposals(
        rpc.ListHandlerProposalsRequest(case_id=case_id),
        timeout=10,
        metadata=(*bearer(token), ("accept-language", "en")),
    )
    assert "answers for BATHING" in english.units[0].reason


async def test_units_of_people_who_keep_away_are_left_out(mine: Mine) -> None:
    await tables(mine)
    case_id = await register(mine, "joint-1", category="BATHING", place="南风井", about=("zhao",))
    # Wang heads the bathhouse, which is the logistics', which is Zhao's.
    assert [unit.unit_id for unit in (await proposals(mine, case_id)).units] == ["joint-1"]


async def test_stewards_come_by_what_they_have_in_hand(mine: Mine) -> None:
    for _ in range(2):
        await register(mine, "bathhouse")
    case_id = await register(mine, "joint-1")
    found = await proposals(mine, case_id)
    assert [(one.person_id, one.open_count, one.by_matrix) for one in found.stewards] == [
        ("li", 1, True),
        ("zhang", 2, False),
    ]
    assert found.stewards[0].person_name == "李四"
    about = await register(mine, "joint-1", about=("li",))
    assert [one.person_id for one in (await proposals(mine, about)).stewards] == ["zhang"]
    # With the director accused, only the alternate chain is left.
    chief = await register(mine, "joint-1", about=("zhou",))
    assert [one.person_id for one in (await proposals(mine, chief)).stewards] == ["zheng", "wu"]


async def test_a_case_of_nothing_has_no_units_and_a_foreign_one_no_proposals(mine: Mine) -> None:
    case_id = await register(mine, "")
    assert list((await proposals(mine, case_id)).units) == []
    request = rpc.ListHandlerProposalsRequest(case_id=case_id)
    answer = await mine.refused("ListHandlerProposals", request, site="gucheng")
    assert answer.reason == "ROUTE_NOT_FOUND"
    assert (await mine.refused("ListHandlerProposals", request, "HANDLER")).reason == (
        "PERMISSION_DENIED"
    )


async def test_a_site_without_a_directory_has_nobody_to_propose(bare: Mine) -> None:
    case_id = await register(bare)
    found = await proposals(bare, case_id)
    assert (list(found.units), list(found.stewards)) == ([], [])
    given = rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="x")
    assert (await bare.refused("AssignCase", given)).reason == "PERSON_UNKNOWN"
    accept = rpc.AcceptCaseRequest(case_id=case_id)
    assert (await bare.refused("AcceptCase", accept)).reason == "PERSON_UNKNOWN"
