"""A message's text, from the template of its name in the reader's language.

Templates are sandboxed and strict: a field that isn't there is a fault, never a blank. The first
line of a template is the subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import BaseLoader, StrictUndefined, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.domain.deliveries import REPORTER, Channel, Context

LANGUAGES = ("zh", "en")

# Template around a reporter's message that someone has to tell in person.
IN_PERSON = "tell_in_person"

# What enum names are called, Chinese first.
_WORDS: Mapping[str, tuple[str, str]] = {
    "FIRST_REPLY": ("初步回复", "first reply"),
    "PLAN": ("解决方案或处理进度说明", "plan or progress explanation"),
    "PROGRESS": ("处理进度说明", "progress note"),
    "RESOLUTION": ("按承诺日期解决", "promised resolution"),
    "WORK_ORDER": ("工单", "work order"),
    "CONFIRMATION": ("诉求人确认", "reporter's confirmation"),
    "ESCALATION": ("批示", "instruction"),
    "REMINDER": ("每日提醒", "daily reminder"),
    "RULING": ("退单裁定", "ruling on a returned work order"),
    "PAUSE": ("暂停期", "pause"),
    "CALLBACK": ("再次回访", "next callback"),
    "SILENCE": ("匿名诉求静候期", "silence of an anonymous reporter"),
    "REVIEW": ("长期疑难复查", "review of a long-standing case"),
    "WAITING_FOR_REPORTER": ("等待诉求人配合", "it waits for the reporter"),
    "WAITING_FOR_OUTAGE_WINDOW": ("等待检修窗口", "it waits for a maintenance window"),
    "FORCE_MAJEURE": ("不可抗力", "force majeure"),
    "CALENDAR": ("工作日历调整", "the site's calendar changed"),
    "POLICY": ("时限规则调整", "the site's policy changed"),
    "EXTENSION": ("工单延期", "a work order was given more time"),
    "PROMISE_MOVED": ("承诺日期调整", "a promise was moved"),
    "TAKE_OVER": ("接管办理", "takes the case over"),
    "SEND_DOWN": ("交回下一级", "sends it one level down"),
    "REDISPATCH": ("改派", "another unit gets it"),
    "UPHOLD": ("维持原派单", "the unit keeps it"),
    "LEAD": ("牵头办理", "the unit leads"),
    "JOINT_MEETING": ("联合会商", "a joint meeting named the unit"),
    "ORDER": ("责成办理", "orders what is to be done"),
    "CANNOT_BE_DONE": ("确定无法办理", "decides that it can't be done"),
    "MANUAL": ("超出权限，主动上报", "beyond the authority of those who had it"),
    "BREACH": ("超过期限", "a deadline passed"),
    "DWELL": ("上一级未按时批示", "the level before did not answer in time"),
    "SOLVED": ("已解决", "solved"),
    "EXPLAINED": ("已说明并获认可", "explained and accepted"),
    "EXPLAINED_NOT_ACCEPTED": ("已说明，未获认可", "explained, not accepted"),
    "UNCONFIRMED": ("未能确认", "unconfirmed"),
    "REFERRED": ("已转办", "referred"),
    "DUPLICATE": ("并入另一诉求", "merged with another case"),
    "WITHDRAWN": ("已撤回", "withdrawn"),
    "UPHELD": ("已无法再办", "more can't be done"),
    "WORK_AGAIN": ("继续办理", "it is worked on again"),
}


# Days, hours and minutes of a lateness, Chinese first.
_LATENESS = (("天", "小时", "分"), ("d", "h", "min"))


@dataclass(frozen=True, slots=True)
class Text:
    """What a recipient reads."""

    subject: str
    body: str


class _Templates(BaseLoader):
    """Reads from the package, so that a zipped or moved installation works as well."""

    def get_source(self, environment: object, template: str) -> tuple[str, str, None]:
        path = files("services.notify").joinpath("templates", template)
        if not path.is_file():
            raise TemplateNotFound(template)
        return path.read_text(encoding="utf-8"), template, None


@cache
def _environment(language: str, time_zone: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=_Templates(),
        undefined=StrictUndefined,
        # Plain text for telephones, mail and paper: nothing here is ever read as HTML.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    zone = ZoneInfo(time_zone)
    environment.filters["word"] = lambda name: _word(name, language)
    environment.filters["time"] = lambda text: _time(text, zone, language)
    environment.filters["due"] = lambda text: _due(text, zone, language)
    environment.filters["lateness"] = lambda seconds: _lateness(seconds, language)
    environment.filters["day"] = lambda text: _day(date.fromisoformat(text), language)
    return environment


def render(
    template: str,
    context: Context,
    *,
    language: str,
    time_zone: str,
    recipient: str,
    channel: Channel,
) -> Text:
    """Returns the text of a message; names must stand in the context already.

    A reporter's message on paper is wrapped into a note to whoever tells it. Raises
    jinja2.TemplateError for an unknown template or a missing field.
    """
    text = _render(template, context, language, time_zone)
    if recipient != REPORTER or channel is not Channel.PAPER:
        return text
    return _render(IN_PERSON, {**context, "message": text.body}, language, time_zone)


def _render(template: str, context: Context, language: str, time_zone: str) -> Text:
    name = f"{template}.{language if language in LANGUAGES else LANGUAGES[0]}.txt"
    whole = _environment(language, time_zone).get_template(name).render(context)
    subject, _, body = whole.partition("\n")
    return Text(subject.strip(), body.strip() + "\n")


def _word(name: str, language: str) -> str:
    zh, en = _WORDS.get(name, (name, name))
    return en if language == "en" else zh


def _time(text: str, zone: ZoneInfo, language: str) -> str:
    local = datetime.fromisoformat(text).astimezone(zone)
    return f"{_day(local.date(), language)} {local:%H:%M}"


def _due(text: str, zone: ZoneInfo, language: str) -> str:
    """A deadline at midnight is 24:00 of the day before, as people say it."""
    local = datetime.fromisoformat(text).astimezone(zone)
    if (local.hour, local.minute) == (0, 0):
        return f"{_day(local.date() - timedelta(days=1), language)} 24:00"
    return _time(text, zone, language)


def _lateness(seconds: int, language: str) -> str:
    """Days, hours and minutes, those that are none left out."""
    minutes = seconds // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = list(zip((days, hours, minutes), _LATENESS[language == "en"], strict=True))
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or f"0 {parts[-1][1]}"


def _day(day: date, language: str) -> str:
    if language == "en":
        return day.isoformat()
    return f"{day.year}年{day.month}月{day.day}日"
