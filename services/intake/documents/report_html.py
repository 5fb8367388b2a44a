"""The report of a month as a page that prints on A4, with nothing fetched from elsewhere."""

from importlib.resources import files

from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.intake.documents import report_charts as charts
from services.intake.documents import report_content as content
from services.intake.documents.report_content import Report
from services.intake.domain.measures import DEFINITIONS

_TEMPLATE = "report.html.j2"
# Of categories and units, more than a page can show are summed up in words.
_MOST_PARTS = 20


def make(report: Report) -> bytes:
    """Returns the page in UTF-8; pure, takes some tens of milliseconds."""
    report = content.cleaned(report)
    text = (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            report=report,
            content=content,
            definitions=DEFINITIONS,
            days_chart=charts.days_chart(report.days),
            ageing_chart=charts.bars_chart(
                [
                    (
                        report.title(f"AGEING_{band}"),
                        _count(report, f"AGEING_{band}"),
                        content.shown(report.total[f"AGEING_{band}"]),
                    )
                    for band in content.BANDS
                ],
                "open",
                name_width=230.0 if report.english else 120.0,
            ),
            categories=content.ranked(report.categories),
            units=content.ranked(report.units),
            most_parts=_MOST_PARTS,
            parts_chart=charts.parts_chart,
        )
    )
    return text.encode()


def _count(report: Report, measure: str) -> int | None:
    value = report.total[measure].value
    return None if value is None else int(value)


def _environment() -> ImmutableSandboxedEnvironment:
    text = files("services.intake.documents").joinpath("templates", _TEMPLATE)
    return ImmutableSandboxedEnvironment(
        loader=DictLoader({_TEMPLATE: text.read_text(encoding="utf-8")}),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
