"""Measures between messages and values."""

from collections.abc import Mapping, Sequence
from datetime import date

from backstop.intake.v1 import intake_measures_pb2 as pb
from chassis.convert import to_date
from chassis.errors import CHINESE, ENGLISH, Refused
from services.intake.convert.enums import name_of
from services.intake.domain.measures import DEFINITIONS, Figure, FigureSet, Group

_CHANNELS = {
    "PHONE": ("电话", "telephone"),
    "SITE_VISIT": ("现场走访", "visit on site"),
    "MEETING": ("座谈", "meeting"),
    "DESK": ("值守点", "desk"),
    "WINDOW": ("窗口", "window"),
    "SLIP": ("诉求单", "slip"),
    "SYSTEM": ("其他系统", "another system"),
    "SELF_SERVICE": ("自助", "self-service"),
}
_NOBODY = ("（未填）", "(none)")
_OTHER = ("其他", "other")


def group(message: pb.GetMeasuresRequest) -> Group:
    """Returns by what is grouped; all together unless told."""
    name = name_of(pb.MeasureGroup, "MEASURE_GROUP_", message.group_by)
    return Group.NONE if name in {"", "UNSPECIFIED"} else Group(name)


def ends(message: pb.GetMeasuresRequest) -> tuple[date, date]:
    """Returns the first and last day of the period."""
    return to_date(message.start_date, "start_date"), to_date(message.end_date, "end_date")


def compared_ends(message: pb.GetMeasuresRequest) -> tuple[date, date] | None:
    """Returns those of the period to compare with; Refused PERIOD_INVALID for one without both."""
    given = [message.HasField("compared_start_date"), message.HasField("compared_end_date")]
    if not any(given):
        return None
    if not all(given):
        raise Refused("PERIOD_INVALID", problem="the one to compare with lacks one of its days")
    return (
        to_date(message.compared_start_date, "compared_start_date"),
        to_date(message.compared_end_date, "compared_end_date"),
    )


def name_of_group(value: str, by: Group, names: Mapping[str, str], language: str) -> str:
    """Returns what people call a group; its code when nobody has named it."""
    english = language == ENGLISH
    if by is Group.NONE:
        return "All together" if english else "合计"
    code = value.rpartition("/")[2]
    if not code:
        return _NOBODY[english]
    if by is Group.CHANNEL:
        return _CHANNELS[value][english] if value in _CHANNELS else value
    if value in names:
        return names[value]
    return _OTHER[english] if by is Group.CATEGORY and code == "OTHER" else value


def figure(value: Figure) -> pb.MeasureValue:
    """Returns one figure; a suppressed one shows that it is, and nothing else."""
    message = pb.MeasureValue(
        measure=value.measure,
        numerator=value.numerator,
        denominator=value.denominator,
        suppressed=value.suppressed,
    )
    if value.value is not None:
        message.value = value.value
    return message


def figure_sets(
    sets: Sequence[FigureSet], by: Group, names: Mapping[str, str], language: str
) -> list[pb.MeasureSet]:
    """Returns the sets with their names."""
    return [
        pb.MeasureSet(
            value=one.value,
            name=name_of_group(one.value, by, names, language),
            measures=[figure(value) for value in one.figures.values()],
        )
        for one in sets
    ]


def definitions(language: str = CHINESE) -> list[pb.MeasureDefinition]:
    """Returns what every measure means."""
    return [
        pb.MeasureDefinition(
            measure=one.measure,
            title=one.wording(language).title,
            numerator=one.wording(language).numerator,
            denominator=one.wording(language).denominator,
            unit=one.unit,
        )
        for one in DEFINITIONS
    ]
