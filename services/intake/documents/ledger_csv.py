"""The ledger as comma-separated values, for programs and for whoever takes it elsewhere."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import IO

from services.intake.documents.cells import acts
from services.intake.documents.ledger_columns import COLUMNS, Cell, Speech, cells
from services.intake.domain.ledger import LedgerRow


class LedgerCsv:
    """Writes headings and rows, as they come; UTF-8 with a byte order mark, lines end in CR LF.

    The caller owns `file`, which is open for reading and writing.
    """

    def __init__(self, file: IO[bytes], speech: Speech) -> None:
        self.row_count = 0
        self._speech = speech
        # Spreadsheet programs take a file without the mark for one of the local code page.
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._writer.writerow([speech.heading(column) for column in COLUMNS])

    def add(self, rows: Sequence[LedgerRow]) -> None:
        """Writes further rows."""
        self._writer.writerows(map(_written, cells(row, self._speech)) for row in rows)
        self.row_count += len(rows)

    def finish(self) -> None:
        """Ends the file; what is written is in it now."""
        self._text.flush()

    def close(self) -> None:
        """Gives the file back, still open; of a disk that is full it tells once more."""
        self._text.detach()


def _written(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "minutes")
    if isinstance(cell, int):
        return cell
    if isinstance(cell, str):
        return f"'{cell}" if acts(cell) else cell
    return cell.isoformat()
