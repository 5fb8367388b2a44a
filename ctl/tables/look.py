"""What all listings share: how they look, and the three things they translate by."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from ctl import times
from ctl.names import Names
from ctl.words import Words

# Columns whose values are useless in two pieces.
_WHOLE = frozenset(
    {
        "close_time",
        "deadline",
        "due",
        "from",
        "next_wake_time",
        "number",
        "stop",
        "time",
        "until",
        "warned",
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """The reader's language, the site's names, the site's clock."""

    words: Words
    names: Names
    zone: ZoneInfo

    def time(self, value: Timestamp) -> str:
        return times.show_time(value, self.zone)

    def due(self, value: Timestamp) -> str:
        return times.show_due(value, self.zone)

    def who(self, code: str) -> str:
        if code.startswith("service:"):
            return self.words("the_suite")  # which of the services stands in a column of its own
        if code.partition(":")[0] in ("reporter", "receipt"):
            return self.words("reporter")
        return escape(self.names.who(code))

    def table(self, title: str, *columns: str, wide: str = "") -> Table:
        """Returns an empty table with columns of these labels; `wide` is the one that folds."""
        table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
        for key in columns:
            if key == wide:
                table.add_column(self.words(key), overflow="fold", ratio=1, min_width=16)
            else:
                table.add_column(self.words(key), overflow="fold", no_wrap=key in _WHOLE)
        return table

    def left_off(self, count: int) -> list[RenderableType]:
        """Returns a line that tells how many rows of a table aren't there, or nothing."""
        return [f"[dim]{self.words('left_off', count=str(count))}[/]"] if count else []


def pairs() -> Table:
    """Returns a table of labels and values."""
    table = Table(box=None, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def add_pair(table: Table, label: str, value: str) -> None:
    """Adds a row unless there is nothing to say."""
    if value:
        table.add_row(label, value)


def state_style(state: str) -> str:
    """Returns the colour of a clock's or delivery's state name."""
    return {"BREACHED": "red", "MET_LATE": "yellow", "FAILED": "red", "UNKNOWN": "yellow"}.get(
        state, ""
    )


def styled(text: str, style: str) -> str:
    """Returns the text as markup of that style, plain when there is none."""
    return f"[{style}]{escape(text)}[/]" if style else escape(text)
