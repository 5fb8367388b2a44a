"""What all printed pages share: A4, an embedded Chinese font, and a file for its owner alone."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pylopdf_fonts_zh_cn
from fpdf import FPDF
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont

from ctl.failures import Problem

# Millimetres.
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0

FONT = "han"
# Points: what smaller print can't be read.
_SMALLEST = 5.0


@contextmanager
def chinese(pdf: FPDF, title: str) -> Iterator[TTFFont]:
    """Gives a document its title, language and font, which is embedded; closes the font's file.

    The document is put out within the block.
    """
    pdf.set_title(title)
    pdf.set_lang("zh-CN")
    pdf.add_font(FONT, fname=pylopdf_fonts_zh_cn.sans_path())
    # A font from a file is always of this class; it keeps the file open.
    with closing(cast(TTFFont, pdf.fonts[FONT])) as font:
        yield font


def missing(font: TTFFont, text: str) -> str:
    """Returns the characters of a text that the font doesn't have."""
    return "".join(sign for sign in text if ord(sign) not in font.cmap)


def save(path: Path, content: bytes) -> None:
    """Writes a file readable by its owner alone, in place of one that is there."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def line(
    pdf: FPDF, x: float, y: float, text: str, size: float, width: float, *, right: bool = False
) -> None:
    """Writes a line with its foot at y, as much smaller as it takes to fit; Problem if it can't."""
    pdf.set_font(FONT, size=size)
    over = pdf.get_string_width(text) / width
    if over > 1:
        if size / over < _SMALLEST:
            raise Problem(f"太长，纸上放不下 / too long for the paper: {text}")
        pdf.set_font_size(size / over)
    pdf.text(x - pdf.get_string_width(text) if right else x, y, text)


def bold_line(
    pdf: FPDF, x: float, y: float, text: str, size: float, width: float, *, right: bool = False
) -> None:
    """Writes a line like `line`, in bold."""
    # The font comes in one weight; the outline makes the other.
    with pdf.local_context(text_mode=TextMode.FILL_STROKE, line_width=0.25, draw_color=0):
        line(pdf, x, y, text, size, width, right=right)
