"""Arguments and options that several commands share."""

import re
import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2
from ctl import choices
from ctl.failures import Problem

CaseKey = Annotated[
    str, typer.Argument(metavar="CASE", help="诉求编号或 id · number or id of the case")
]
OptionalCase = Annotated[
    str,
    typer.Argument(
        metavar="[CASE]",
        help="诉求编号或 id；有 --code 时可省 · number or id; not needed with --code",
    ),
]
Attach = Annotated[
    list[str] | None,
    typer.Option(
        "--attach", metavar="FILE", help="照片或文件，只登记摘要 · only its digest is kept"
    ),
]
ExpectedVersion = Annotated[
    int,
    typer.Option(
        "--expected-version", min=0, help="只在仍是此版本时执行 · refuse if it has changed since"
    ),
]
At = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="TIME",
        help="何时发生，当地时间，默认现在 · when it happened, local time; now by default",
    ),
]
Code = Annotated[
    str,
    typer.Option("--code", metavar="CODE", help="16 位凭证号，无需令牌 · receipt code, no token"),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="最多行数 · rows at most")]
Fed = Annotated[
    str,
    typer.Option(
        "--fed-back",
        metavar="WAY",
        help="如何反馈给诉求人：told, left, posted, attempt · how it reached the reporter",
        autocompletion=choices.completion(intake_pb2.FeedbackWay.DESCRIPTOR),
    ),
]
FedNote = Annotated[
    str,
    typer.Option(
        "--note", help="反馈方式的说明，留言必填 · in words; of one left, how and with whom"
    ),
]


_CODE_DIGITS = 16
# Dashes of all lengths; NFKC has made hyphens of the wide ones.
_BETWEEN_GROUPS = re.compile(r"[\s\-\u2010-\u2015]+")


def plain_code(code: str, *, option: str = "--code") -> str:
    """Returns a receipt code without what stands between its groups; empty when there is none.

    Raises Problem for anything but 16 digits.
    """
    plain = _BETWEEN_GROUPS.sub("", unicodedata.normalize("NFKC", code))
    if plain and not (len(plain) == _CODE_DIGITS and plain.isascii() and plain.isdigit()):
        raise Problem("凭证号是 16 位数字 / a receipt code has 16 digits", field=option)
    return plain


def check_new_file(file: Path, suffix: str) -> None:
    """Raises Problem where something would be lost, and for another kind of file."""
    if file.suffix.lower() != suffix:
        raise Problem(f"文件名应以 {suffix} 结尾 / must end in {suffix}", field=str(file))
    if file.exists():
        raise Problem(
            "已有此文件，请换个名字 / the file exists; choose another name", field=str(file)
        )
    if not file.resolve().parent.is_dir():
        raise Problem("没有这个目录 / no such folder", field=str(file))
