"""docs/measures.md, made of the definitions: run as a module, it prints the page.

`python -m services.intake.documents.measures_page > docs/measures.md`
"""

import sys

from services.intake.domain.measures import DEFINITIONS

_HEAD = """\
# Measures

What every figure of `GetMeasures` and of the monthly report means. This page is made of
`services/intake/domain/measures/definitions.py`
(`python -m services.intake.documents.measures_page`), and a test holds them equal.

## What a period holds

- Days are the site's, from 00:00 of the first to 24:00 of the last; several sites are each dated by
  their own zone.
- **What came in** is counted by when the reporter spoke (`occurred_time`), however late it was
  entered.
- **What went out** is counted by when it happened: resolved by the resolution that stands, closed
  by the closing that stands. A case that was rejected or reopened counts again when it is resolved
  again, and no longer for the time before. What is resolved in one month and closed in the next
  belongs to the first by its rates, to the second by the number closed.
- **A deadline** is counted in the period in which it fell due, once that has passed; 24:00 of the
  last day is of the period. A clock that still runs isn't judged. Every cycle of a case has clocks
  of its own, and each counts. Cancelled and paused ones don't; those excused by a director are left
  out of the on-time rates and shown beside them, and stay in the response rate and the kept
  promises.
- **What is open** is looked at as of the period's end, or now if that is earlier. A case closed and
  reopened since counts as open all the while; level, owner and deadlines are those of now.
- By unit, a work order counts for its own unit, a promise for the leading one, and everything else
  for the unit that the case concerns.
- **With a fallback owner** is a case that a position answers for, not a person. It came there when
  sla began to remind of it daily; working days are sla's, which is asked: those after that day, up
  to and with the last of the period, or today. More than one is too long. Where sla can't be
  asked, there is no figure.
- Two periods of different length are put side by side as they are: shares and times can be
  compared, counts can't.
- Cases about the caller are in none of the figures.

## What is kept back

A cell of a breakdown by category or channel is kept back when it is made of one to k−1 cases of
confidential or anonymous reporters (k is the site's `smallest_cell`, 5 by default). Where only one
group would be, the next smallest is kept back with it, so that subtraction from the total tells
nothing; measures that add up or share their cases are kept back together. All together and a site
as a whole never are: they expose nobody, and the site knows its totals anyway. Neither is a unit's
or a steward's own list of work.

This keeps back what one table shows; it doesn't stand against several that are subtracted: a period
and the same period with a day more, an unfinished month's report of today and of tomorrow, several
sites together and all of them but one. Whoever may ask for measures could learn so that a cell grew
by one such case, and nothing that they can't read anyway: the same roles have the ledger and the
list of cases, case by case, without names, with whether each is confidential or anonymous. What is
kept back is kept from those to whom a table is handed on, who have only that table. Rounding, or
periods of whole months only, would take the figures from those who work with them and hide nothing
from anybody. Whoever hands tables on should hand on those of finished months, which don't overlap.

## The measures

"""


def make() -> str:
    """Returns the page."""
    rows = [
        "| measure | title | numerator, or what is counted | denominator | unit |",
        "|---|---|---|---|---|",
    ]
    for one in DEFINITIONS:
        denominator = f"{one.zh.denominator}<br>{one.en.denominator}" if one.en.denominator else ""
        rows.append(
            f"| `{one.measure}` | {one.zh.title}<br>{one.en.title}"
            f" | {one.zh.numerator}<br>{one.en.numerator} | {denominator} | {one.unit} |"
        )
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(make())
