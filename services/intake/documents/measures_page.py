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
- Cases about the caller are in none of the figures.

## What is kept back

A cell of a breakdown by category or channel is kept back when it is made of one to k−1 cases of
confidential or anonymous reporters (k is the site's `smallest_cell`, 5 by default). Where only one
group would be, the next smallest is kept back with it, so that subtraction from the total tells
nothing; measures that add up or share their cases are kept back together. All together and a site
as a whole never are: they expose nobody, and the site knows its totals anyway. Neither is a unit's
or a steward's own list of work.

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
