"""An invented month of an invented mine (样例), to make reports of."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.intake.documents.report_content import Part, Report
from services.intake.domain.measures import BY_NAME, FigureSet, Group, Unit, arrange, month_of
from services.intake.domain.measures.figures import Counted
from services.intake.store.measures import Day, HotSpot

CATEGORIES = (
    "洗浴",
    "食堂伙食",
    "宿舍维修",
    "工资与考勤",
    "班中餐",
    "劳保用品",
    "交通班车",
    "其他",
)
UNITS = ("综采一队", "综采二队", "掘进一队", "机电科", "通风科", "后勤服务中心", "浴室队", "运输队")


def figures(seed: int = 7, **given: tuple[int, int | None]) -> FigureSet:
    """Every measure with some figure; `given` are (numerator, denominator) of some."""
    rows = []
    for place, one in enumerate(BY_NAME.values()):
        numerator: int
        denominator: int | None
        numerator, denominator = 10 + (place * seed) % 23, None
        value: float | None = None
        if one.unit is Unit.SHARE:
            denominator = numerator + (place * seed) % 9
        elif one.unit is not Unit.COUNT:
            value = 4.5 + (place * seed) % 50
        if one.measure in given:
            numerator, denominator = given[one.measure]
        rows.append(Counted("", one.measure, numerator, denominator, value, 0))
    return arrange(rows, Group.NONE)[0]


def part(name: str, came: int, standing: int, overdue: int, solved: int) -> Part:
    """A category or unit with its four figures."""
    return Part(
        name,
        figures(
            came,
            REGISTERED=(came, None),
            OPEN=(standing, None),
            OVERDUE=(overdue, None),
            SOLVED_COUNT=(solved, None),
        ),
    )


def report(*, language: str = "zh-CN", names: Mapping[str, str] | None = None) -> Report:
    """November 2026; `names` replace names of categories."""
    renamed = names or {}
    month = month_of(2026, 11)
    days = [
        Day(
            month.start_date + timedelta(days=n),
            (n * 7) % 11 + (n % 7 < 5) * 4,
            (n * 5) % 9 + (n % 7 < 5) * 3,
        )
        for n in range(month.days)
    ]
    categories = [
        part(renamed.get(name, name), 40 - 4 * n, 14 - n, max(0, 5 - n), 22 - 2 * n)
        for n, name in enumerate(CATEGORIES)
    ]
    small = categories[-1]
    hidden = {name: figure.hidden for name, figure in small.figures.figures.items()}
    categories[-1] = replace(small, figures=FigureSet("", hidden))
    return Report(
        site_name="样例矿",
        language=language,
        month=month,
        made_time=datetime(2026, 12, 1, 1, tzinfo=UTC).astimezone(ZoneInfo("Asia/Shanghai")),
        unfinished=False,
        smallest_cell=5,
        total=figures(
            REGISTERED=(208, None),
            OPEN=(84, None),
            OVERDUE=(15, None),
            SOLVED_COUNT=(120, None),
            CLOSED_COUNT=(141, None),
            RESPONSE_RATE=(197, 204),
            RESOLUTION_RATE=(120, 149),
            SATISFIED_SHARE=(88, 120),
            MOSTLY_SATISFIED_SHARE=(25, 120),
            DISSATISFIED_SHARE=(7, 120),
            ANSWERED_SHARE=(120, 152),
        ),
        before=figures(5, REGISTERED=(190, None), OPEN=(90, None), OVERDUE=(11, None)),
        year_before=figures(3, REGISTERED=(0, None), RESPONSE_RATE=(0, 0)),
        categories=categories,
        units=[
            part(name, 33 - 3 * n, 12 - n, max(0, 4 - n), 17 - n) for n, name in enumerate(UNITS)
        ],
        days=days,
        hot_spots=[
            ("洗浴", HotSpot("南风井浴室", "BATHING", 9, 3)),
            ("食堂伙食", HotSpot("一号食堂", "CANTEEN", 6, 1)),
            ("宿舍维修", HotSpot("3 号公寓二层", "DORMITORY", 4, 2)),
        ],
    )
