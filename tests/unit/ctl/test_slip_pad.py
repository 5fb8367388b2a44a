"""Slip pads: what is printed is read again, by eye and by scanner, and the stub has no code."""

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from ctl.failures import Problem
from ctl.paper import PAGE_HEIGHT
from ctl.slips.pad import (
    PER_PAGE,
    Area,
    Pad,
    Slip,
    halves,
    pages,
    payload,
    slip_of,
    write_pad,
)

_POINTS = 72 / 25.4

SLIPS = [Slip(f"SAM-S26-{n:04}", f"{n * 7_919_104_729_331 % 10**16:016}") for n in range(1, 9)]
PAD = Pad("样例·某煤业有限责任公司", "0355-0000000", "SAM-S26", SLIPS, "2027-06-30 前有效")


def _text(page: pypdfium2.PdfPage, area: Area) -> str:
    """What stands in a part of a page; PDF counts from the lower left corner."""
    found: str = page.get_textpage().get_text_bounded(
        left=area.left * _POINTS,
        right=area.right * _POINTS,
        top=(PAGE_HEIGHT - area.top) * _POINTS,
        bottom=(PAGE_HEIGHT - area.bottom) * _POINTS,
    )
    return found


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> pypdfium2.PdfDocument:
    path = tmp_path_factory.mktemp("pad") / "pad.pdf"
    assert write_pad(path, PAD) == 2
    return pypdfium2.PdfDocument(path.read_bytes())


def test_only_the_workers_half_has_the_code(printed: pypdfium2.PdfDocument) -> None:
    for number, places in enumerate(pages(SLIPS)):
        for place, slip in enumerate(places):
            stub, own = (_text(printed[number], area) for area in halves(place))
            if slip is None:
                assert (stub, own) == ("", "")
                continue
            groups = " ".join(slip.code[at : at + 4] for at in range(0, 16, 4))
            assert slip.number in stub
            assert slip.number in own
            assert groups in own
            assert slip.code not in stub.replace(" ", "")
            assert not any(digits in stub for digits in groups.split())


def test_a_slip_says_what_to_fill_in_and_how_to_follow(printed: pypdfium2.PdfDocument) -> None:
    stub, own = (_text(printed[0], area) for area in halves(0))
    for words in (
        "存根",
        PAD.site_name,
        "姓名（可不填）",
        "匿名",
        "单位",
        "地点",
        "内容",
        "首接人",
    ):
        assert words in stub
    for words in ("诉求凭条", PAD.site_name, PAD.hotline, PAD.valid_note, "窗口"):
        assert words in own


def test_every_qr_is_read_as_printed_and_stands_on_the_workers_half(
    printed: pypdfium2.PdfDocument,
) -> None:
    scale = 200 / 72
    for number, places in enumerate(pages(SLIPS)):
        found = zxingcpp.read_barcodes(printed[number].render(scale=scale).to_pil())
        expected = {
            payload(slip): halves(place)[1] for place, slip in enumerate(places) if slip is not None
        }
        assert {code.text for code in found} == expected.keys()
        for code in found:
            top = code.position.top_left.y / scale / _POINTS
            left = code.position.top_left.x / scale / _POINTS
            own = expected[code.text]
            assert own.top < top < own.bottom
            assert own.left < left < own.right
            slip = slip_of(code.text)
            assert slip in SLIPS


def test_chinese_is_embedded(printed: pypdfium2.PdfDocument) -> None:
    for text in printed[0].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
        font = pypdfium2.raw.FPDFTextObj_GetFont(text)
        assert pypdfium2.raw.FPDFFont_GetIsEmbedded(font) == 1


def test_cut_piles_are_in_order() -> None:
    slips = [Slip(f"S-{n}", f"{n:016}") for n in range(17)]
    stack = pages(slips)
    assert len(stack) == 3
    assert all(len(page) == PER_PAGE for page in stack)
    piles = [[page[place] for page in stack] for place in range(PER_PAGE)]
    assert [slip for pile in piles for slip in pile] == [*slips, None]


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("BACKSTOP:A-1:0123456789012345", Slip("A-1", "0123456789012345")),
        (" backstop:a-1:0123456789012345\n", Slip("A-1", "0123456789012345")),
        ("BACKSTOP:A-1:012345678901234", None),
        ("BACKSTOP:A 1:0123456789012345", None),
        ("BACKSTOP::0123456789012345", None),
        ("HTTPS:A-1:0123456789012345", None),
        ("0123456789012345", None),
    ],
)
def test_what_a_qr_says(text: str, slip: Slip | None) -> None:
    assert slip_of(text) == slip


@pytest.mark.parametrize(
    ("pad", "field"),
    [
        (replace(PAD, slips=[]), "slips"),
        (replace(PAD, slips=[replace(SLIPS[0], number="sam-1")]), "number"),
        (replace(PAD, slips=[replace(SLIPS[0], number="A" * 31)]), "number"),
        (replace(PAD, slips=[replace(SLIPS[0], code="12345")]), "code"),
        (replace(PAD, slips=[SLIPS[0], replace(SLIPS[1], number=SLIPS[0].number)]), "number"),
        (replace(PAD, slips=[SLIPS[0], replace(SLIPS[1], code=SLIPS[0].code)]), "code"),
        (replace(PAD, site_name="样例·\U00020bb7矿"), "site_name"),
        (replace(PAD, hotline="0355\n0000000"), "hotline"),
        (replace(PAD, site_name="样例·某煤业有限责任公司" * 9), ""),
    ],
)
def test_a_pad_that_would_be_wrong_is_not_written(tmp_path: Path, pad: Pad, field: str) -> None:
    path = tmp_path / "pad.pdf"
    with pytest.raises(Problem) as refused:
        write_pad(path, pad)
    assert refused.value.field == field
    assert not path.exists()
    for slip in pad.slips:
        assert slip.code not in str(refused.value)


def test_long_names_are_made_to_fit(tmp_path: Path) -> None:
    site = "样例·某某矿业集团某某煤业有限责任公司某某分公司"
    slip = Slip("SAMPLE-2026-UNDERGROUND-000001", SLIPS[0].code)
    write_pad(tmp_path / "pad.pdf", replace(PAD, site_name=site, slips=[slip]))
    printed = pypdfium2.PdfDocument((tmp_path / "pad.pdf").read_bytes())
    for area in halves(0):
        text = _text(printed[0], area)
        assert site in text
        assert slip.number in text


def test_a_pad_is_its_owners_alone_whatever_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "pad.pdf"
    path.write_bytes(b"older")
    path.chmod(0o644)
    write_pad(path, PAD)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().startswith(b"%PDF")
