"""The handover on paper: what the next shift must know is on it, and both can sign."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from backstop.intake.v1 import intake_handover_pb2 as pb
from backstop.intake.v1 import intake_pb2
from ctl.handover_paper import (
    AT_RISK,
    COLUMNS,
    NOTHING_OPEN,
    PROMISED,
    UNBALANCED,
    WITHHELD,
    Line,
    Sheet,
    Signature,
    sheet_of,
    write_handover,
)
from ctl.names import Names
from ctl.tables.look import Look
from ctl.words import Words

_POINTS = 72 / 25.4

NAMES = Names(
    people={"dd01": "样例·甲一", "dd02": "样例·甲二"},
    units={"bathhouse": "澡堂队"},
    positions={"DUTY_LEAD": "值班长"},
)
LINE = Line(
    number="SAM-20261122-0001",
    unit="澡堂队",
    state="办理中",
    accountable="样例·乙一",
    due="2026-11-22 24:00",
    marks=(AT_RISK, PROMISED),
    text="淋浴头坏了六个",
)
SHEET = Sheet(
    site_name="样例·某煤业有限责任公司",
    sequence=12,
    time="2026-11-22 20:00",
    reckoning="上班未销 2 + 新增 1 + 重新办理 1 − 销号 1 = 现有未销 3",
    balanced=True,
    outgoing=Signature("样例·甲一", "2026-11-22 20:00"),
    incoming=Signature("样例·甲二", ""),
    notes=(("交班说明", "南风井澡堂明早停水检修。"),),
    lines=[LINE],
)


def _printed(folder: Path, sheet: Sheet) -> pypdfium2.PdfDocument:
    pages = write_handover(folder / "handover.pdf", sheet)
    printed = pypdfium2.PdfDocument((folder / "handover.pdf").read_bytes())
    assert len(printed) == pages
    return printed


def _texts(printed: pypdfium2.PdfDocument) -> list[str]:
    """What stands on each page, without the breaks of lines."""
    return ["".join(page.get_textpage().get_text_range().split()) for page in printed]


def _foot(page: pypdfium2.PdfPage) -> str:
    """What stands at the foot of a page, where its number alone belongs."""
    found: str = page.get_textpage().get_text_bounded(
        left=0, right=page.get_width(), top=17 * _POINTS, bottom=0
    )
    return "".join(found.split())


def _at(hour: int) -> Timestamp:
    return Timestamp(seconds=int(datetime(2026, 11, 22, hour, tzinfo=UTC).timestamp()))


def test_a_case_is_printed_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    [text] = _texts(_printed(tmp_path, SHEET))
    for words in (
        "兜底窗口交接班单",
        SHEET.site_name,
        "第12号",
        *(heading for heading, _ in COLUMNS),
        *(LINE.number, LINE.unit, LINE.state, LINE.accountable, LINE.text, *LINE.marks),
        "2026-11-2224:00",
        "".join(SHEET.reckoning.split()),
        "账目相符",
        "有风险1件",
        "今日承诺1件",
        "交班说明：南风井澡堂明早停水检修。",
        "交班人：样例·甲一",
        "系统内已签2026-11-2220:00",
        "接班人：样例·甲二",
        "系统内未签",
        "第1页/共1页",
    ):
        assert words in text
    assert text.count("签字") == 2


def test_an_empty_handover_is_signed_all_the_same(tmp_path: Path) -> None:
    [text] = _texts(_printed(tmp_path, replace(SHEET, lines=[], notes=())))
    assert "".join(NOTHING_OPEN.split()) in text
    assert "说明" not in text
    assert text.count("签字") == 2


def test_a_long_list_goes_over_pages_that_say_what_they_are_of(tmp_path: Path) -> None:
    lines = [
        replace(LINE, number=f"SAM-20261122-{n:04}", text="长" * 80, marks=()) for n in range(1, 31)
    ]
    printed = _printed(tmp_path, replace(SHEET, lines=lines))
    texts = _texts(printed)
    assert len(texts) == 3
    assert [one.number for one in lines] == [
        one.number for text in texts for one in lines if one.number in text
    ]
    for place, text in enumerate(texts, 1):
        assert all(heading in text for heading, _ in COLUMNS)
        assert ("第12号（续）" in text) is (place > 1)
        assert _foot(printed[place - 1]) == f"第{place}页/共3页"
    assert [text.count("签字") for text in texts] == [0, 0, 2]


@pytest.mark.parametrize("count", [16, 17, 18, 19, 20, 21])
def test_the_lines_to_sign_stand_on_one_page(tmp_path: Path, count: int) -> None:
    printed = _printed(tmp_path, replace(SHEET, lines=[LINE] * count, notes=()))
    assert [count for count in (text.count("签字") for text in _texts(printed)) if count] == [2]
    for place, page in enumerate(printed, 1):
        assert _foot(page) == f"第{place}页/共{len(printed)}页"


def test_long_words_are_printed_whole(tmp_path: Path) -> None:
    note = "".join(f"第{n}条，请逐队通知。" for n in range(200))
    long = replace(
        LINE, unit="样例·某某集团某某煤业后勤服务中心南风井澡堂服务队", accountable="样例·某某" * 5
    )
    sheet = replace(
        SHEET,
        site_name="样例·某某矿业集团某某煤业有限责任公司某某分公司",
        lines=[long],
        notes=(("交班说明", note), ("接班说明", note)),
    )
    printed = _printed(tmp_path, sheet)
    text = "".join(_texts(printed))
    for words in (sheet.site_name, long.unit, long.accountable, "第0条", "第199条"):
        assert words in text
    # A break of pages may part a sentence, but no character.
    assert text.count("逐") == 400


def test_what_the_font_lacks_is_a_box(tmp_path: Path) -> None:
    sheet = replace(SHEET, lines=[replace(LINE, text="热水🚿没有\x07了")])
    assert "热水□没有□了" in _texts(_printed(tmp_path, sheet))[0]


def test_a_reckoning_that_does_not_balance_is_told(tmp_path: Path) -> None:
    [text] = _texts(_printed(tmp_path, replace(SHEET, balanced=False)))
    assert UNBALANCED in text


def test_chinese_is_embedded_and_the_file_its_owners_alone(tmp_path: Path) -> None:
    printed = _printed(tmp_path, SHEET)
    for text in printed[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
        font = pypdfium2.raw.FPDFTextObj_GetFont(text)
        assert pypdfium2.raw.FPDFFont_GetIsEmbedded(font) == 1
    assert (tmp_path / "handover.pdf").stat().st_mode & 0o777 == 0o600


def test_a_handover_is_put_into_the_words_of_the_site() -> None:
    handover = pb.ShiftHandover(
        sequence=3,
        prepare_time=_at(12),
        outgoing="dd01",
        outgoing_sign_time=_at(12),
        incoming="dd02",
        note="甲",
        reckoning=pb.HandoverReckoning(
            open_before=2, registered=1, reopened=1, closed=1, open_now=3, balanced=True
        ),
        cases=[
            pb.HandoverCase(
                case_id="a",
                number="SAM-1",
                state=intake_pb2.CASE_STATE_IN_PROGRESS,
                change=pb.HANDOVER_CHANGE_NEW,
                at_risk=True,
                promised_today=True,
                due_time=_at(16),
                accountable="position:DUTY_LEAD",
                text="一\n二",
                place="南风井",
                unit_id="bathhouse",
                hazard=True,
                urgent=True,
            ),
            pb.HandoverCase(
                case_id="b",
                number="SAM-2",
                state=intake_pb2.CASE_STATE_CLOSED,
                change=pb.HANDOVER_CHANGE_CLOSED,
                accountable="dd01",
                place="风井口",
            ),
            pb.HandoverCase(
                case_id="c",
                number="SAM-3",
                state=intake_pb2.CASE_STATE_ASSIGNED,
                accountable="dd01",
                text="某某打人",
                place="某某宿舍",
                about_persons=True,
            ),
        ],
    )
    look = Look(Words("en"), NAMES, ZoneInfo("Asia/Shanghai"))
    assert sheet_of(look, handover, "样例·矿") == Sheet(
        site_name="样例·矿",
        sequence=3,
        time="2026-11-22 20:00",
        reckoning=SHEET.reckoning,
        balanced=True,
        outgoing=Signature("样例·甲一", "2026-11-22 20:00"),
        incoming=Signature("样例·甲二", ""),
        notes=(("交班说明", "甲"),),
        lines=[
            Line(
                "SAM-1",
                "澡堂队",
                "办理中",
                "值班长",
                "2026-11-22 24:00",
                (AT_RISK, PROMISED, "隐患", "紧急", "新增"),
                "一 二",
            ),
            Line("SAM-2", "风井口", "已销号", "样例·甲一", "", (), ""),
            Line("SAM-3", "", "已分派", "样例·甲一", "", (), WITHHELD),
        ],
    )
