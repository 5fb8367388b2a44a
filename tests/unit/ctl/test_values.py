"""What people type: enum values, times, spans, receipt codes, the order of options."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_pb2
from ctl import choices, times
from ctl.commands import options
from ctl.commands.register import place_of
from ctl.failures import Problem
from ctl.main import hoist
from ctl.names import Names

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "text", ["SITE_VISIT", "site-visit", "site_visit", "CHANNEL_SITE_VISIT", "现场走访"]
)
def test_an_enum_value_has_many_spellings(text: str) -> None:
    found = choices.parse(intake_pb2.Channel, text, option="--channel")
    assert found == intake_pb2.CHANNEL_SITE_VISIT


def test_nothing_typed_is_unspecified() -> None:
    assert choices.parse(intake_pb2.Channel, "", option="--channel") == 0


@pytest.mark.parametrize("text", ["pigeon", "unspecified", "CHANNEL_UNSPECIFIED"])
def test_an_unknown_value_names_those_there_are(text: str) -> None:
    with pytest.raises(Problem, match="site-visit（现场走访）") as caught:
        choices.parse(intake_pb2.Channel, text, option="--channel")
    assert caught.value.field == "--channel"


def test_completion_offers_what_begins_so() -> None:
    complete = choices.completion(intake_pb2.Channel.DESCRIPTOR)
    assert complete("s") == ["site-visit", "slip", "system", "self-service"]


def test_a_time_without_a_zone_is_the_sites() -> None:
    found = times.parse_time("2026-11-23 09:30", SHANGHAI, option="--at")
    assert found == datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def test_a_date_alone_is_its_end() -> None:
    found = times.parse_time("2026-11-23", SHANGHAI, option="--deadline")
    assert found == datetime(2026, 11, 23, 16, tzinfo=UTC)


def test_a_zone_is_kept() -> None:
    found = times.parse_time("2026-11-23T09:30:00Z", SHANGHAI, option="--at")
    assert found == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_a_span_ahead_counts_from_now() -> None:
    now = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    found = times.parse_time("+5d12h", SHANGHAI, option="--deadline", now=now)
    assert found == datetime(2026, 11, 28, 13, 30, tzinfo=UTC)


def test_days_ahead_end_with_the_day() -> None:
    now = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # the 24th, at the site
    found = times.parse_time("+5d", SHANGHAI, option="--deadline", now=now)
    assert found == times.parse_time("2026-11-29", SHANGHAI, option="--deadline")


@pytest.mark.parametrize(("text", "day"), [("2026-11-24", 24), (" +3d ", 26), ("+0d", 23)])
def test_a_date_may_count_from_today(text: str, day: int) -> None:
    today = date(2026, 11, 23)
    assert times.parse_date(text, option="--promised", today=today) == date(2026, 11, day)


@pytest.mark.parametrize("text", ["+3", "3d", "+3d12h", "+99999999d", "morgen", ""])
def test_what_is_no_date_names_its_option(text: str) -> None:
    with pytest.raises(Problem, match=r"\+3d") as caught:
        times.parse_date(text, option="--promised", today=date(2026, 11, 23))
    assert caught.value.field == "--promised"


def test_a_date_alone_is_one() -> None:
    assert times.date_alone(" 2026-11-23 ") == date(2026, 11, 23)
    assert times.date_alone("2026-11-23 09:30") is None
    assert times.date_alone("2026-13-23") is None
    assert times.start_of(date(2026, 11, 23), SHANGHAI) == datetime(2026, 11, 22, 16, tzinfo=UTC)


@pytest.mark.parametrize("text", ["tomorrow", "23.11.2026", "2026-13-01", "+", "+5x", "+99999999d"])
def test_what_is_no_time_names_its_option(text: str) -> None:
    with pytest.raises(Problem) as caught:
        times.parse_time(text, SHANGHAI, option="--at")
    assert caught.value.field == "--at"


def test_midnight_is_shown_as_the_end_of_a_day() -> None:
    midnight = Timestamp(seconds=int(datetime(2026, 11, 23, 16, tzinfo=UTC).timestamp()))
    assert times.show_due(midnight, SHANGHAI) == "2026-11-23 24:00"
    assert times.show_time(midnight, SHANGHAI) == "2026-11-24 00:00"
    assert times.show_due(Timestamp(), SHANGHAI) == ""


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("3d", timedelta(days=3)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("90m", timedelta(minutes=90)),
        ("5s", timedelta(seconds=5)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    assert times.parse_span(text, option="SPAN") == span


@pytest.mark.parametrize("text", ["", "3", "12h1d", "-1d", "99999999999d"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        times.parse_span(text, option="SPAN")


def test_dates_go_both_ways() -> None:
    message = times.date_message(date(2026, 2, 3))
    assert message is not None
    assert times.show_date(message) == "2026-02-03"


def test_a_receipt_code_may_be_typed_as_it_is_printed() -> None:
    assert options.plain_code("4045 8467-0484 9818") == "4045846704849818"
    # As it comes out of a mail, or of a Chinese keyboard.
    assert options.plain_code("\u00a04045\u30008467–0484－9818\n") == "4045846704849818"
    assert options.plain_code("４０４５ 8467 0484 9818") == "4045846704849818"
    assert options.plain_code("") == ""


@pytest.mark.parametrize("code", ["4045", "4045 8467 0484 98181", "4045 8467 0484 98I8"])
def test_what_is_no_code_is_refused_here(code: str) -> None:
    with pytest.raises(Problem) as caught:
        options.plain_code(code)
    assert caught.value.field == "--code"


def test_a_place_is_a_post_a_unit_or_words() -> None:
    names = Names(units={"bathhouse": "澡堂队"}, posts={"window": "固定窗口"})
    assert place_of("window", names) == {"post": "window"}
    assert place_of("澡堂队", names) == {"unit": "bathhouse"}
    assert place_of("副井口", names) == {"place": "副井口"}
    assert place_of("", names) == {}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["case", "show", "N", "--json"], ["--json", "case", "show", "N"]),
        (["ledger", "--as", "support"], ["--as", "support", "ledger"]),
        (["ledger", "--lang=en"], ["--lang=en", "ledger"]),
        (["case", "plan", "--text", "--json"], ["--json", "case", "plan", "--text"]),
        # What follows an option is its value, and after -- nothing is an option.
        (["case", "reply", "--text", "-x"], ["case", "reply", "--text", "-x"]),
        (["case", "show", "--", "--json"], ["case", "show", "--", "--json"]),
        (["--json"], ["--json"]),
        # A code pasted as it is printed.
        (
            ["case", "confirm", "--code", "4045", "8467", "0484", "9818", "--json"],
            ["--json", "case", "confirm", "--code", "4045846704849818"],
        ),
        (
            ["case", "confirm", "--code=4045", "8467", "-", "0484", "9818", "YW-1"],
            ["case", "confirm", "--code=40458467-04849818", "YW-1"],
        ),
        (
            ["case", "confirm", "--code", "4045846704849818", "1234"],
            ["case", "confirm", "--code", "4045846704849818", "1234"],
        ),
        (["case", "list", "--as"], ["case", "list", "--as"]),
    ],
)
def test_options_of_the_root_may_stand_anywhere(typed: list[str], meant: list[str]) -> None:
    assert hoist(typed) == meant
