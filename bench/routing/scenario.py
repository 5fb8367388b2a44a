"""The mines of the bench: one large, many small, as a group has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message

LARGE: Final = "large"
ROLES: Final = (
    pb.RESPONSIBILITY_ROLE_STEWARD,
    pb.RESPONSIBILITY_ROLE_INSTRUCTOR,
    pb.RESPONSIBILITY_ROLE_TECHNICIAN,
    pb.RESPONSIBILITY_ROLE_HEAD,
)
_FIRST_DAY: Final = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Units of the large site and of all others together, spread evenly; calls that are timed."""

    large_units: int
    other_sites: int
    other_units: int
    calls: int
    publications: int

    @property
    def sites(self) -> dict[str, int]:
        """Returns {site: units}."""
        share, rest = divmod(self.other_units, self.other_sites)
        others = {
            f"site-{number:03}": share + (number < rest) for number in range(self.other_sites)
        }
        return {LARGE: self.large_units, **others}


LONG: Final = Sizes(2500, 199, 7500, 5000, 3)
SHORT: Final = Sizes(250, 19, 750, 500, 1)


def directory(site_id: str, units: int) -> pb.Directory:
    """A site of joint teams, with a person for four of them."""
    return pb.Directory(
        site_id=site_id,
        name=site_id,
        number_prefix="YW",
        units=[
            pb.Unit(unit_id=_unit(number), name=f"联建{number}队", kind=pb.UNIT_KIND_JOINT_TEAM)
            for number in range(units)
        ],
        people=[
            pb.Person(person_id=f"p{number}", name=f"{number}号")
            for number in range(_people(units))
        ],
        positions=[
            pb.Position(position_id="DUTY_LEAD", name="值班负责人", holder="p0"),
            pb.Position(position_id="INSPECTION", name="纪委", holder="p1", outside=True),
        ],
        categories=[pb.Category(category_id="BATHING", name="洗浴")],
        ladder=[pb.LadderLevel(position_id="DUTY_LEAD", dwell_working_days=1)],
        rules=pb.SiteRules(alternate_chain=["INSPECTION"]),
    )


def matrix(site_id: str, units: int, turn: int) -> rpc.PublishMatrixRequest:
    """All four roles of every unit; another `turn` has other people in every row."""
    people = _people(units)
    return rpc.PublishMatrixRequest(
        site_id=site_id,
        responsibilities=[
            pb.Responsibility(
                unit_id=_unit(number),
                role=role,
                person_id=f"p{(number + place + turn) % people}",
                start_date=to_date_message(_FIRST_DAY),
                deputy=f"p{(number + place + turn + 1) % people}",
            )
            for number in range(units)
            for place, role in enumerate(ROLES)
        ],
    )


def _unit(number: int) -> str:
    return f"u{number}"


def _people(units: int) -> int:
    return max(8, units // 4)
