"""In what way a person answers for a unit, and which of the ways a unit can't be without."""

from collections.abc import Mapping
from enum import StrEnum


class UnitKind(StrEnum):
    DEPARTMENT = "DEPARTMENT"
    WORKSHOP = "WORKSHOP"
    TEAM = "TEAM"
    JOINT_TEAM = "JOINT_TEAM"


class Role(StrEnum):
    STEWARD = "STEWARD"
    INSTRUCTOR = "INSTRUCTOR"
    TECHNICIAN = "TECHNICIAN"
    HEAD = "HEAD"


ROLE_WORDS: Mapping[Role, str] = {
    Role.STEWARD: "包保人员",
    Role.INSTRUCTOR: "指导员",
    Role.TECHNICIAN: "技术员",
    Role.HEAD: "负责人",
}

# Where neither the site nor the group says otherwise (F4, F5).
DEFAULT_REQUIREMENTS: Mapping[UnitKind, tuple[Role, ...]] = {
    UnitKind.DEPARTMENT: (Role.STEWARD,),
    UnitKind.WORKSHOP: (Role.STEWARD,),
    UnitKind.TEAM: (Role.STEWARD,),
    UnitKind.JOINT_TEAM: (Role.STEWARD, Role.INSTRUCTOR, Role.TECHNICIAN),
}

# Who of a joint team is told of its cases beside the steward.
TOLD_AS_WELL = (Role.INSTRUCTOR, Role.TECHNICIAN)
