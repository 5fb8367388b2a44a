"""Sweeps over several mines: each has its own part, and sees no other."""

from datetime import timedelta

import grpc

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_service_pb2 as rpc
from backstop.routing.v1 import routing_sweeps_pb2 as pb
from chassis.convert import to_date_message
from chassis.ids import new_id
from tests.integration.routing import sweeping
from tests.integration.routing.conftest import SITE, Mine, directory
from tests.integration.routing.sweeping import (
    ELSEWHERE,
    answer,
    answering,
    call,
    get,
    open_sweep,
    opening,
    refused,
    solved,
    sound,
    subject,
    target,
)

BOTH = (SITE, ELSEWHERE)


async def test_who_must_keep_away_neither_opens_nor_answers(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    case_id = await solved(mine, about_persons=["wang"])
    targets = [target(), target(site=ELSEWHERE)]
    request = await opening(mine, case_id, *targets)
    refusal = await refused(mine, "OpenSweep", request, "LEADER", who="wang", sites=BOTH)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
    sweep = await open_sweep(mine, case_id, *targets, sites=BOTH)
    opened = {site: (await mine.facts(subject(sweep, site)))[0] for site in BOTH}
    # The unit's head is whom the case is about, and isn't told.
    assert list(opened[SITE].heads) == [""]  # type: ignore[attr-defined]
    here = [one.site_id for one in sweep.tasks].index(SITE)
    said = answering(sweep, here)
    # To whom the case is about there is no sweep either; who only keeps away knows of it.
    other = answering(sweep, here)
    other.task_id = new_id()
    close = pb.CloseSweepRequest(sweep_id=sweep.sweep_id, reason="x")
    seen = pb.GetSweepRequest(sweep_id=sweep.sweep_id)
    for method, asked in (
        ("AnswerSweepTask", said),
        ("AnswerSweepTask", other),
        ("CloseSweep", close),
        ("GetSweep", seen),
    ):
        refusal = await refused(mine, method, asked, "DISPATCHER", who="wang", sites=BOTH)
        assert (refusal.code, refusal.reason) == (
            grpc.StatusCode.NOT_FOUND,
            "SWEEP_NOT_FOUND",
        ), method
    for case in ("", case_id):
        listing = pb.ListSweepsRequest(site_id=SITE, case_id=case)
        assert not (await call(mine, "ListSweeps", listing, who="wang")).sweeps
        assert len((await call(mine, "ListSweeps", listing, who="zhang")).sweeps) == 1
    recusal = rpc.RecuseFromCaseRequest(case_id=case_id, person_id="li", reason="亲属")
    await call(mine, "RecuseFromCase", recusal)
    assert (await call(mine, "GetSweep", seen, who="li")).sweep.sweep_id == sweep.sweep_id
    refusal = await refused(mine, "AnswerSweepTask", answering(sweep, here), who="li")
    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "CONFLICT_OF_INTEREST",
    )
    # Of another mine that code is somebody else's.
    done = await answer(mine, sweep, 1 - here, who="wang", roles="HANDLER", sites=[ELSEWHERE])
    assert done.answered_count == 1
    assert await sound(mine)


async def test_each_mine_has_its_part_and_sees_no_other(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    case_id = await solved(mine)
    targets = [target(), target(site=ELSEWHERE), target("logistics", site=ELSEWHERE)]
    sweep = await open_sweep(mine, case_id, *targets, sites=BOTH)
    assert (sweep.task_count, sweep.version) == (3, 2)
    for site, count in ((SITE, 1), (ELSEWHERE, 2)):
        (told,) = await mine.facts(subject(sweep, site))
        assert isinstance(told, facts.SweepOpened)
        assert (told.site_id, told.case_site_id, len(told.tasks)) == (site, SITE, count)
        seen = await get(mine, sweep, sites=[site])
        assert (seen.task_count, {one.site_id for one in seen.tasks}) == (count, {site})
        assert seen.site_id == SITE
    order = [one.site_id for one in sweep.tasks]
    refusal = await refused(mine, "AnswerSweepTask", answering(sweep, order.index(ELSEWHERE)))
    assert refusal.reason == "SWEEP_TASK_NOT_FOUND"
    here = await answer(mine, sweep, order.index(SITE))
    assert (here.state, here.task_count) == (pb.SWEEP_STATE_CLOSED, 1)
    whole = await get(mine, sweep, sites=BOTH)
    assert (whole.state, whole.answered_count, whole.task_count) == (pb.SWEEP_STATE_OPEN, 1, 3)
    assert not whole.HasField("close_time")
    # What is left is the other mine's to close.
    close = pb.CloseSweepRequest(sweep_id=sweep.sweep_id, reason="转入专项整治")
    assert (await refused(mine, "CloseSweep", close)).reason == "SWEEP_CLOSED"
    ended = (await call(mine, "CloseSweep", close, sites=BOTH)).sweep
    assert (ended.state, ended.close_reason) == (pb.SWEEP_STATE_CLOSED, "转入专项整治")
    assert [len(await mine.facts(subject(sweep, site))) for site in BOTH] == [3, 2]
    assert (await get(mine, sweep)).close_reason == ""
    assert await sound(mine)


async def test_a_sweep_may_look_elsewhere_alone(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    case_id = await solved(mine)
    sweep = await open_sweep(mine, case_id, target(site=ELSEWHERE), sites=BOTH)
    seen = await get(mine, sweep, sites=[ELSEWHERE])
    assert [one.site_id for one in seen.tasks] == [ELSEWHERE]
    request = pb.GetSweepRequest(sweep_id=sweep.sweep_id)
    assert (await refused(mine, "GetSweep", request, "CLERK")).reason == "SWEEP_NOT_FOUND"
    listing = pb.ListSweepsRequest(site_id=SITE)
    assert not (await call(mine, "ListSweeps", listing)).sweeps
    assert len((await call(mine, "ListSweeps", listing, sites=BOTH)).sweeps) == 1


async def test_sweeps_are_listed_newest_first(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    first, second = await solved(mine), await solved(mine, place="二楼")
    made = [
        await open_sweep(mine, first, target()),
        await open_sweep(mine, second, target(), target(site=ELSEWHERE), sites=BOTH),
        await open_sweep(mine, first, target("logistics")),
    ]
    newest = [one.sweep_id for one in reversed(made)]

    async def listed(sites: tuple[str, ...] = (SITE,), **query: object) -> list[str]:
        request = pb.ListSweepsRequest(**{"site_id": SITE} | query)  # type: ignore[arg-type]
        found: list[str] = []
        while True:
            page = await call(mine, "ListSweeps", request, "LEADER", sites=sites)
            assert not request.page_size or len(page.sweeps) <= request.page_size
            found += [one.sweep_id for one in page.sweeps]
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    assert await listed() == await listed(page_size=1) == await listed(page_size=2) == newest
    assert await listed(BOTH) == newest
    assert await listed(case_id=first) == [newest[0], newest[2]]
    assert await listed((ELSEWHERE,), site_id=ELSEWHERE) == [newest[1]]
    await answer(mine, made[0])
    order = [one.site_id for one in made[1].tasks]
    await answer(mine, made[1], order.index(SITE))
    assert await listed(open_only=True) == [newest[0]]
    assert await listed(BOTH, open_only=True) == newest[:2]
    request = pb.ListSweepsRequest(site_id=ELSEWHERE)
    assert (await refused(mine, "ListSweeps", request, "CLERK")).reason == "DIRECTORY_NOT_FOUND"
    request = pb.ListSweepsRequest(site_id=SITE, page_size=1)
    request.page_token = (await call(mine, "ListSweeps", request)).next_page_token
    request.open_only = True
    assert (await refused(mine, "ListSweeps", request)).reason == "INVALID_PAGE_TOKEN"


async def test_the_unit_has_to_be_there_today(mine: Mine) -> None:
    today = await sweeping.today(mine)
    changed = directory(ELSEWHERE)
    changed.units[1].start_date.CopyFrom(to_date_message(today + timedelta(days=1)))
    changed.units[2].end_date.CopyFrom(to_date_message(today - timedelta(days=1)))
    request = rpc.PublishDirectoryRequest(directory=changed)
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR", site=ELSEWHERE)
    case_id = await solved(mine)
    for unit in ("bathhouse", "joint-1"):
        opened = await opening(mine, case_id, target(unit, site=ELSEWHERE))
        refusal = await refused(mine, "OpenSweep", opened, sites=BOTH)
        assert refusal.reason == "SWEEP_TARGET_UNKNOWN"
    assert (await open_sweep(mine, case_id, target("logistics", site=ELSEWHERE), sites=BOTH)).tasks
