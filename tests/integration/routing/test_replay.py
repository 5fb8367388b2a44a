"""Matrix replays are exact: what WhoAnswersFor says of any instant is what the facts alone say.

Lists are published, people go away and come back, all by chance; the seed is told, so that a
history that fails can be lived again.
"""

import random
from datetime import datetime, timedelta

import grpc
import pytest

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.testing import read_refusal
from services.routing.convert.matrix import answers_message
from services.routing.convert.replay import facts_of
from services.routing.domain.replay import Facts, version_at, who_answers
from tests.integration.routing.conftest import HEAD, SITE, STEWARD, Mine, directory, matrix, row
from tests.integration.routing.test_handover import today

PEOPLE = ["zhang", "li", "wang", "zhao", "zhou", "wu", "zheng"]
UNITS = ["logistics", "bathhouse", "joint-1", "canteen"]
EXPECTED_REFUSALS = {
    "COVERAGE_HAS_GAPS",
    "ABSENCE_OVERLAPS",
    "MATRIX_INVALID",
    "DIRECTORY_INVALID",
    "LAST_DUTY_LEAD",
}


class History:
    """What happens to the lists, one thing after the other; what is refused didn't happen."""

    def __init__(self, mine: Mine, seed: int) -> None:
        self.mine = mine
        self.chance = random.Random(seed)
        self.done: dict[str, int] = {}
        self.absences: list[str] = []
        self.instants: list[datetime] = []

    async def go_on(self) -> None:
        await self.mine.advance(timedelta(minutes=self.chance.randint(1, 36 * 60)))
        self.instants.append(await self.mine.now())
        step = self.chance.choice([self.matrix, self.matrix, self.directory, self.away, self.back])
        try:
            await step()
        except grpc.aio.AioRpcError as error:
            if read_refusal(error).reason not in EXPECTED_REFUSALS:
                raise
        else:
            self.done[step.__name__] = self.done.get(step.__name__, 0) + 1

    async def rows(self) -> list[pb.Responsibility]:
        """One person for a while and another from then on, each with a deputy or none."""
        chance = self.chance
        turn = await today(self.mine, chance.randint(0, 20))
        rows = []
        for unit in ("logistics", "bathhouse"):
            rows += [
                row(unit, chance.choice(PEOPLE), end=turn),
                row(unit, chance.choice(PEOPLE), start=turn + timedelta(days=1)),
            ]
        rows.append(row(chance.choice(["logistics", "bathhouse"]), chance.choice(PEOPLE), HEAD))
        for given in rows:
            given.deputy = chance.choice(["", *(p for p in PEOPLE if p != given.person_id)])
        return matrix(*rows)

    async def matrix(self) -> None:
        await self.mine.publish(await self.rows())

    async def directory(self) -> None:
        changed = directory()
        chance = self.chance
        for unit in changed.units:
            unit.name = f"{unit.name}{chance.randint(1, 9)}"
        chance.choice(changed.people).name += "某"
        request = rpc.PublishDirectoryRequest(directory=changed)
        rows = await self.rows()
        if chance.random() < 0.5:
            request.directory.units.add(unit_id="canteen", name="食堂", kind=pb.UNIT_KIND_WORKSHOP)
            rows.append(row("canteen", chance.choice(PEOPLE)))
        if chance.random() < 0.3:
            request.directory.units[1].end_date.CopyFrom(
                to_date_message(await today(self.mine, chance.randint(0, 10)))
            )
        if chance.random() < 0.3:
            request.directory.role_requirements.add(kind=pb.UNIT_KIND_WORKSHOP, roles=[STEWARD])
        request.matrix.responsibilities.extend(rows)
        await self.mine.ask("PublishDirectory", request, "ADMINISTRATOR")

    async def away(self) -> None:
        chance = self.chance
        first = chance.randint(0, 5)
        request = organisation.RecordAbsenceRequest(
            site_id=SITE,
            person_id=chance.choice(PEOPLE),
            start_date=to_date_message(await today(self.mine, first)),
            end_date=to_date_message(await today(self.mine, first + chance.randint(0, 10))),
            reason="休假",
        )
        request.deputy = chance.choice(["", *(p for p in PEOPLE if p != request.person_id)])
        response = await self.mine.ask("RecordAbsence", request)
        self.absences.append(response.absence.absence_id)

    async def back(self) -> None:
        if self.absences:
            absence_id = self.absences.pop(self.chance.randrange(len(self.absences)))
            request = organisation.CancelAbsenceRequest(site_id=SITE, absence_id=absence_id)
            await self.mine.ask("CancelAbsence", request)


async def told(mine: Mine) -> Facts:
    """Returns the lists as the journal tells them."""
    async with mine.database.worker.read(service_actor("routing")) as connection:
        rows = await connection.fetch(
            "SELECT type, payload, record_time FROM journal WHERE site_id = $1 "
            "ORDER BY subject_id, subject_version",
            SITE,
        )
    return facts_of(
        (
            each["record_time"],
            getattr(facts, each["type"].rpartition(".")[2]).FromString(each["payload"]),
        )
        for each in rows
    )


@pytest.mark.parametrize("seed", [7, 20261123, 99])
async def test_what_is_told_of_any_instant_is_what_the_facts_say(mine: Mine, seed: int) -> None:
    history = History(mine, seed)
    for _ in range(40):
        await history.go_on()
    # Else nothing would be tried that is worth it.
    assert min(history.done.get(step, 0) for step in ("matrix", "directory", "away")) >= 1
    replayed = await told(mine)
    published = [time for time, _ in (*replayed.directories, *replayed.matrices)]
    chance, now = history.chance, await mine.now()
    tick = timedelta(microseconds=1)
    for _ in range(150):
        near = chance.choice([*published, *history.instants])
        known = chance.choice([near - tick, near, near + tick])
        at = chance.choice([known, known + timedelta(hours=chance.randint(-900, 900))])
        unit = chance.choice(UNITS)
        request = organisation.WhoAnswersForRequest(site_id=SITE, unit_id=unit)
        request.at_time.FromDatetime(at)
        if at <= now and chance.random() < 0.4:
            known = at
        else:
            request.known_time.FromDatetime(known)
        expected = who_answers(replayed, unit, at, known)
        where = f"seed {seed}: {unit} at {at}, known {known}"
        if expected is None:
            answer = await mine.refused("WhoAnswersFor", request, "CLERK")
            assert answer.reason == "NO_SUCH_UNIT", where
            continue
        found = await mine.ask("WhoAnswersFor", request, "CLERK")
        version = version_at(replayed.matrices, known)
        assert found == answers_message(expected, version), where
