"""What relies on another list is in force after it, however long it waited for its lock."""

from collections.abc import Awaitable, Callable

from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import Actor
from chassis.convert import to_timestamp
from chassis.work import Receipt, Work, run
from services.routing.convert import absences as convert_absences
from services.routing.convert import matrix as convert_matrix
from services.routing.convert import organisation as convert_directory
from services.routing.convert import roster as convert_roster
from services.routing.handlers import absences
from services.routing.handlers import directory as organisation
from services.routing.handlers import matrix as matrices
from services.routing.handlers import roster as rosters
from tests.integration.routing.conftest import SITE, STEWARD, Mine, directory, matrix, row
from tests.integration.routing.test_absences import asked
from tests.integration.routing.test_handover import absent
from tests.integration.routing.test_lists import local_day, roster, shift

# Everything that changes who answers, and from when on it counts.
TIMES = """
    SELECT array_agg(time ORDER BY time) FROM (
        SELECT publish_time FROM directory_versions
        UNION ALL SELECT publish_time FROM matrix_versions
        UNION ALL SELECT publish_time FROM roster_versions
        UNION ALL SELECT record_time FROM shift_swaps
        UNION ALL SELECT record_time FROM absences
        UNION ALL SELECT cancel_time FROM absences WHERE cancel_time IS NOT NULL
    ) AS of_lists (time)
"""

ADMINISTRATOR = Actor("lin", frozenset({"ADMINISTRATOR"}), frozenset({SITE}))

Body = Callable[[Work], Awaitable[Receipt]]


async def outrun(mine: Mine, body: Body, meanwhile: Callable[[], Awaitable[object]]) -> None:
    """Does something between the beginning of a transaction and its commands."""

    async def late(work: Work) -> Receipt:
        await meanwhile()
        return await body(work)

    await run(mine.database.worker, ADMINISTRATOR, late)


async def test_a_matrix_is_in_force_after_the_directory_that_it_relies_on(mine: Mine) -> None:
    rows = matrix(row("bathhouse", "new"))
    command = convert_matrix.publish_matrix(
        rpc.PublishMatrixRequest(site_id=SITE, responsibilities=rows)
    )
    between = []

    async def newcomer() -> None:
        between.append(await mine.now())
        grown = directory()
        grown.people.append(pb.Person(person_id="new", name="新"))
        await mine.publish_directory(grown)

    await outrun(mine, lambda work: matrices.publish_matrix(work, command), newcomer)
    request = org.WhoAnswersForRequest(
        site_id=SITE, unit_id="bathhouse", at_time=to_timestamp(between[0])
    )
    answers = await mine.ask("WhoAnswersFor", request, "CLERK")
    assert [each.person_id for each in answers.holders if each.role == STEWARD] == ["zhang"]
    published = "SELECT max(publish_time) FROM {}_versions"
    directory_time = await mine.value(published.format("directory"))
    assert await mine.value(published.format("matrix")) > directory_time


async def test_whatever_waited_counts_after_what_it_waited_for(mine: Mine) -> None:
    day = local_day(await mine.now(), 1)
    post = shift("li", 8, 16, day=day, post="south")
    await roster(mine, post)
    absence_id = await absent(mine, "zhou", 3, 3)
    renamed = directory()
    renamed.name = "余吾煤业公司"
    bodies: list[Body] = [
        lambda work: organisation.publish_directory(
            work,
            convert_directory.publish_directory(rpc.PublishDirectoryRequest(directory=renamed)),
        ),
        lambda work: rosters.publish_roster(
            work,
            convert_roster.publish_roster(rpc.PublishRosterRequest(site_id=SITE, shifts=[post])),
        ),
        lambda work: rosters.swap_shift(work, swap),
        lambda work: absences.record_absence(work, away),
        lambda work: absences.cancel_absence(
            work,
            convert_absences.cancel_absence(
                org.CancelAbsenceRequest(site_id=SITE, absence_id=absence_id)
            ),
        ),
    ]
    swap = convert_roster.swap_shift(
        org.SwapShiftRequest(
            site_id=SITE,
            post_id="south",
            date=post.start_date,
            start_time=post.start_time,
            from_person_id="li",
            to_person_id="wu",
            reason="x",
        )
    )
    away = convert_absences.record_absence(await asked(mine, "wu", 5, 6))
    for body in bodies:
        before = await mine.value(TIMES)
        await outrun(mine, body, mine.publish)
        after = await mine.value(TIMES)
        # The matrix that was published meanwhile, then what waited.
        assert after[: len(before)] == before
        assert len(after) == len(before) + 2
        assert len(set(after)) == len(after)
        assert after[-2] == await mine.value("SELECT max(publish_time) FROM matrix_versions")
