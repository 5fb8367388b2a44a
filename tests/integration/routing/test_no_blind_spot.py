"""Whatever is published, in whatever order: it is refused, or nobody is left without an answer."""

import random
from collections import Counter
from datetime import date, timedelta

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date, to_date_message
from chassis.testing import read_refusal
from tests.integration.routing.conftest import SITE, Mine, directory, row
from tests.integration.routing.doing import findings
from tests.integration.routing.test_lists import local_day

OTHER = "gucheng"
BOTH = f"{SITE} {OTHER}"
STEPS = 50
KINDS = [pb.UNIT_KIND_TEAM, pb.UNIT_KIND_WORKSHOP, pb.UNIT_KIND_JOINT_TEAM]


class Chance:
    """Makes requests by chance about what is there; many of them make no sense."""

    def __init__(self, seed: int, today: date) -> None:
        self.random = random.Random(seed)
        self.today = today
        self.made = 0

    def request(self, now: pb.Directory) -> tuple[str, Message]:
        pick = self.random.choice
        kind = pick(["unit", "unit", "unit", "kind", "gone", "leave", "lead", "rows", "transfer"])
        person, unit = pick(now.people), pick(now.units)
        changed = org.UpdateDirectoryRequest(site_id=SITE)
        match kind:
            case "unit":
                self.made += 1
                new = changed.units.add(unit_id=f"u{self.made}", name="某队", kind=pick(KINDS))
                if pick([True, False]):
                    new.start_date.CopyFrom(self.day())
                if pick([True, True, False]):
                    changed.responsibilities.append(row(new.unit_id, person.person_id))
            case "kind":
                changed.units.append(unit)
                changed.units[0].kind = pick(KINDS)
            case "gone":
                pick([changed.removed_unit_ids, changed.removed_person_ids]).append(
                    pick([unit.unit_id, person.person_id])
                )
            case "leave":
                changed.people.append(person)
                changed.people[0].end_date.CopyFrom(self.day())
            case "lead":
                holder = pick([person.person_id, ""])
                changed.positions.add(position_id="DUTY_LEAD", name="值班", holder=holder)
            case "rows":
                start = to_date(self.day())
                changed.responsibilities.append(
                    row(unit.unit_id, person.person_id, start=pick([self.today, start]))
                )
            case "transfer":
                self.made += 1
                go = org.TransferPersonRequest(
                    from_site_id=SITE,
                    to_site_id=OTHER,
                    person_id=person.person_id,
                    to_person_id=f"p{self.made}",
                    start_date=self.day(),
                )
                return "TransferPerson", go
        return "UpdateDirectory", changed

    def day(self) -> Date:
        return to_date_message(self.today + timedelta(days=self.random.randrange(0, 300)))


@pytest.mark.parametrize("seed", range(3))
async def test_no_publication_leaves_a_blind_spot(mine: Mine, seed: int) -> None:
    other = rpc.PublishDirectoryRequest(directory=directory(OTHER))
    await mine.ask("PublishDirectory", other, "ADMINISTRATOR", site=OTHER)
    today = local_day(await mine.now())
    chance = Chance(seed, today)
    refusals: Counter[str] = Counter()
    ahead = rpc.GetCoverageRequest(
        site_id=SITE,
        start_date=to_date_message(today),
        end_date=to_date_message(today + timedelta(days=3650)),
    )
    for _ in range(STEPS):
        read = rpc.GetDirectoryRequest(site_id=SITE)
        now = (await mine.ask("GetDirectory", read, "CLERK")).directory
        method, request = chance.request(now)
        try:
            await mine.ask(method, request, "ADMINISTRATOR", site=BOTH)
        except grpc.aio.AioRpcError as error:
            refusals[read_refusal(error).reason] += 1
            continue
        refusals[""] += 1
        assert not (await mine.ask("GetCoverage", ahead, "SUPPORT")).gaps
        lead = rpc.WhoIsOnDutyRequest(site_id=SITE, position_id="DUTY_LEAD")
        assert (await mine.ask("WhoIsOnDuty", lead, "CLERK")).person_id
    assert await findings(mine) == []
    # Neither is everything refused, nor nothing.
    assert refusals[""] >= STEPS // 10
    assert refusals["COVERAGE_HAS_GAPS"] >= STEPS // 10
    assert set(refusals) <= {
        "",
        "COVERAGE_HAS_GAPS",
        "DIRECTORY_INVALID",
        "MATRIX_INVALID",
        "LAST_DUTY_LEAD",
        "TRANSFER_INVALID",
    }
