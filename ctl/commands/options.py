"""Arguments and options that several commands share."""

from typing import Annotated

import typer

from backstop.intake.v1 import intake_pb2
from ctl import choices

CaseKey = Annotated[
    str, typer.Argument(metavar="CASE", help="诉求编号或 id · number or id of the case")
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
FedNote = Annotated[str, typer.Option("--note", help="反馈方式的说明 · the feedback in words")]


def plain_code(code: str) -> str:
    """Returns a receipt code without the spaces it is printed with."""
    return code.replace(" ", "").replace("-", "")
