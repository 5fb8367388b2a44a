"""Which tables a site's lists are, with which columns: the same for CSV and for XLSX."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from google.protobuf.descriptor import Descriptor

from backstop.routing.v1 import routing_pb2 as pb


class Cell(Enum):
    """How a value is written in one cell."""

    PLAIN = auto()
    # Codes with semicolons between.
    LIST = auto()
    # Hours with semicolons between, days of the week before: "06:30-08:00; 1-5 11:30-13:00".
    WINDOWS = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `name` is the field's, `heading` what it is called in Chinese."""

    name: str
    heading: str
    cell: Cell = Cell.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """A table: a CSV file or a sheet. `field` is where its rows stand in the message."""

    name: str
    title: str
    row: Descriptor
    columns: tuple[Column, ...]

    def column(self, heading: str) -> Column | None:
        """Returns the column of a heading, in either language."""
        wanted = heading.strip()
        return next((c for c in self.columns if wanted in (c.name, c.heading)), None)


_START, _END = Column("start_date", "起"), Column("end_date", "止")

UNITS: Final = Table(
    "units",
    "单位",
    pb.Unit.DESCRIPTOR,
    (
        Column("unit_id", "单位代码"),
        Column("name", "名称"),
        Column("kind", "种类"),
        Column("parent_id", "上级"),
        _START,
        _END,
    ),
)
PEOPLE: Final = Table(
    "people",
    "人员",
    pb.Person.DESCRIPTOR,
    (
        Column("person_id", "人员代码"),
        Column("name", "姓名"),
        Column("unit_id", "单位"),
        _START,
        _END,
        Column("group_code", "集团工号"),
        Column("contact_ref", "通讯录编号"),
    ),
)
POSITIONS: Final = Table(
    "positions",
    "岗位",
    pb.Position.DESCRIPTOR,
    (
        Column("position_id", "岗位代码"),
        Column("name", "名称"),
        Column("holder", "常任人"),
        Column("outside", "矿外"),
    ),
)
POSTS: Final = Table(
    "posts",
    "值守点",
    pb.Post.DESCRIPTOR,
    (
        Column("post_id", "值守点代码"),
        Column("name", "名称"),
        Column("place", "地点"),
        Column("unit_id", "所属单位"),
        Column("windows", "开放时段", Cell.WINDOWS),
    ),
)
CATEGORIES: Final = Table(
    "categories",
    "类别",
    pb.Category.DESCRIPTOR,
    (
        Column("category_id", "类别代码"),
        Column("name", "名称"),
        Column("group_category_id", "集团类别"),
        Column("lead_unit_id", "牵头单位"),
        Column("supporting_unit_ids", "配合单位", Cell.LIST),
    ),
)
LADDER: Final = Table(
    "ladder",
    "上报层级",
    pb.LadderLevel.DESCRIPTOR,
    (
        # Not of the message: which ladder it is, empty for the site's own.
        Column("category_id", "类别"),
        Column("position_id", "岗位"),
        Column("dwell_working_days", "批示工作日"),
        Column("dwell_working_time", "批示工作时间"),
    ),
)
PLACE_RULES: Final = Table(
    "place_rules",
    "地点归属",
    pb.PlaceRule.DESCRIPTOR,
    (Column("place", "地点"), Column("category_id", "类别"), Column("unit_id", "单位")),
)
REQUIREMENTS: Final = Table(
    "role_requirements",
    "必设角色",
    pb.RoleRequirement.DESCRIPTOR,
    (Column("kind", "单位种类"), Column("roles", "角色", Cell.LIST)),
)
MATRIX: Final = Table(
    "matrix",
    "包保分工",
    pb.Responsibility.DESCRIPTOR,
    (
        Column("unit_id", "单位"),
        Column("role", "角色"),
        Column("person_id", "人员"),
        Column("deputy", "代理人"),
        _START,
        _END,
    ),
)
ROSTER: Final = Table(
    "roster",
    "值班",
    pb.Shift.DESCRIPTOR,
    (
        Column("post_id", "值守点"),
        Column("position_id", "岗位"),
        Column("person_id", "人员"),
        _START,
        _END,
        Column("start_time", "上班"),
        Column("end_time", "下班"),
    ),
)

# What a site is beside its tables: one row of key and value each.
SITE: Final = "site"
SITE_TITLE: Final = "矿"
SITE_KEYS: Final[Mapping[str, tuple[str, Cell]]] = {
    "site_id": ("矿代码", Cell.PLAIN),
    "name": ("名称", Cell.PLAIN),
    "number_prefix": ("编号前缀", Cell.PLAIN),
    "time_zone": ("时区", Cell.PLAIN),
    "span_limit": ("包保跨度上限", Cell.PLAIN),
    "recurrence_days": ("复发天数", Cell.PLAIN),
    "alternate_chain": ("回避时的承办岗位", Cell.LIST),
    "steward_hours": ("包保人员在岗时段", Cell.WINDOWS),
    "leading_office": ("牵头部门", Cell.PLAIN),
    "supporting_office": ("协助部门", Cell.PLAIN),
    "basis_document": ("依据文件", Cell.PLAIN),
    "directory_version": ("取自第几版", Cell.PLAIN),
}
# Of the directory that was exported; an import of it is refused when another is in force.
VERSION_KEY: Final = "directory_version"
# Of them: those of the directory's rules, and those of the matrix.
RULE_KEYS: Final = ("span_limit", "recurrence_days", "alternate_chain", "steward_hours")
OFFICE_KEYS: Final = ("leading_office", "supporting_office", "basis_document")

DIRECTORY_TABLES: Final = (
    UNITS, PEOPLE, POSITIONS, POSTS, CATEGORIES, LADDER, PLACE_RULES, REQUIREMENTS,
)  # fmt: skip
TABLES: Final = (*DIRECTORY_TABLES, MATRIX, ROSTER)
