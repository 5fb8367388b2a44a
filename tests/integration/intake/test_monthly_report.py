"""The report of a month, as callers are given it."""

import io
from typing import Any

import grpc
import openpyxl
import pytest

from backstop.intake.v1 import intake_measures_pb2 as rpc
from chassis.testing import bearer, read_refusal
from tests.integration.intake.past import DAY, OCTOBER, Ledger
from tests.integration.intake.window import Window


async def exported(window: Window, language: str = "zh-CN", **fields: Any) -> tuple[str, bytes]:
    usual: dict[str, Any] = {
        "site_id": "yuwu",
        "year": 2026,
        "month": 10,
        "format": rpc.DOCUMENT_FORMAT_HTML,
    }
    metadata = (
        ("accept-language", language),
        *bearer(window.keys.person("director", ("DIRECTOR",), ("yuwu",))),
    )
    name, content = "", b""
    async for part in window.stub.ExportMonthlyReport(
        rpc.ExportMonthlyReportRequest(**usual | fields), timeout=20, metadata=metadata
    ):
        assert len(part.content) <= 64 * 1024
        name, content = name or part.file_name, content + part.content
    return name, content


async def test_the_report_of_a_month_as_a_page_and_as_a_workbook(
    window: Window, ledger: Ledger
) -> None:
    for place in ("=cmd|'/c calc'!A1", "<script>alert(1)</script>"):
        for _ in range(2):
            await ledger.case(OCTOBER + DAY, place=place)
    name, page = await exported(window)
    assert name == "report-yuwu-202610.html"
    text = page.decode()
    assert "样例矿 · 诉求办理月报" in text
    assert "浴室队" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "http" not in text.replace("http-equiv", "")
    name, book = await exported(window, format=rpc.DOCUMENT_FORMAT_XLSX)
    assert name == "report-yuwu-202610.xlsx"
    sheets = openpyxl.load_workbook(io.BytesIO(book))
    assert sheets.sheetnames[:3] == ["概览", "流入流出", "按类别"]
    spots = {row[0].value: row[0].data_type for row in sheets["时限与热点"].iter_rows(min_row=2)}
    assert spots["=cmd|'/c calc'!A1"] == "s"
    assert sheets["按单位"]["B2"].value == 4
    _, english = await exported(window, "en")
    assert "按类别 By category" in english.decode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"site_id": "other"}, "SITE_UNKNOWN"),
        ({"year": 2998}, "PERIOD_INVALID"),
        ({"month": 13}, "INVALID_FIELD"),
        ({"format": rpc.DOCUMENT_FORMAT_CSV}, "INVALID_FIELD"),
    ],
)
async def test_reports_that_cannot_be_made(
    window: Window, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await exported(window, **fields)
    assert read_refusal(caught.value).reason == reason
