"""Texts as they may stand in a cell: what reporters write is opened by spreadsheet programs.

A program that takes a text for a formula runs it, so in CSV, where the type of a cell is guessed,
an apostrophe stands before such a text. A workbook says itself that a cell is a text; there the
same apostrophe is a mark of the cell, so that the text stays one when somebody edits it.
"""

import re

# What a cell of a workbook holds, in UTF-16 units.
LONGEST_CELL = 32_767

# Control characters but line feeds, marks that turn text around or hide, halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAK = re.compile(r"\r\n?")
# Behind spaces and quotes too: some programs take those off first. Full width, since a Chinese
# keyboard makes a formula of it.
_FORMULA = re.compile("[\\s'\"`‘’“”＇＂]*[=+\\-@＝＋－＠]")
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9_-]")


def clean(text: str) -> str:
    """Returns a text that any program can hold: cut, without what nobody can see."""
    if "\t" in text or "\r" in text:
        text = _BREAK.sub("\n", text).replace("\t", " ")
    text = _UNSEEN.sub("", text)
    # Most texts are far shorter, and none has more units than two for each character.
    if len(text) * 2 > LONGEST_CELL:
        text = text.encode("utf-16-le")[: LONGEST_CELL * 2].decode("utf-16-le", "ignore")
    return text


def in_file_name(text: str) -> str:
    """Returns a code as it may stand in the name of a file: nothing that leads elsewhere."""
    return _NO_FILE_NAME.sub("_", text)


def acts(text: str) -> bool:
    """Tells whether a program might take a text for a formula."""
    return _FORMULA.match(text) is not None
