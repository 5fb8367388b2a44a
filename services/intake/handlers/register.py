"""Opens case files: appeals of one site that come together share one transaction.

Each is registered as if it were alone; together they take the site's counter once and pay the
round trips and the commit once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.call import Call
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.sealing import NewSubjectKey, SubjectKeys
from chassis.work import Receipt, Work
from services.intake.convert import facts, replies
from services.intake.domain.codes import Codes
from services.intake.domain.commands import RegisterCase
from services.intake.domain.registration import Caller, check_known, register
from services.intake.domain.times import local_day
from services.intake.domain.values import Case
from services.intake.domain.visibility import persons
from services.intake.store import registrations
from services.intake.store.registrations import NewCase, SealedReporter


@dataclass(frozen=True, slots=True)
class Secrets:
    """What derives codes and opens seals; never stored, never logged."""

    codes: Codes
    keys: SubjectKeys


@dataclass(frozen=True, slots=True)
class Appeal:
    """One call to register; the command's reporter is settled, its site in the caller's sight.

    `case_id` is empty unless it was settled before that the case would have it.
    """

    call: Call
    command: RegisterCase
    caller: Caller
    case_id: str = ""


async def register_cases(work: Work, appeals: Sequence[Appeal], secrets: Secrets) -> list[Receipt]:
    """Opens a file for each appeal, all of one site; receipts in their order.

    Raises Refused when one of them can't be registered; then none is.
    """
    site_id = appeals[0].command.site_id
    known = await registrations.load_known(
        work.connection, site_id, [appeal.command for appeal in appeals]
    )
    if known is None:
        raise Refused("SITE_UNKNOWN", site_id=site_id)
    for appeal in appeals:
        check_known(appeal.command, known, appeal.caller)
    case_ids = [appeal.case_id or new_id() for appeal in appeals]
    sealed: list[SealedReporter | None] = []
    keys: list[NewSubjectKey] = []
    for case_id, appeal in zip(case_ids, appeals, strict=True):
        work.create(site_id, case_id)
        sealed.append(await _seal(work, case_id, appeal.command, secrets, keys))
    if keys:
        await secrets.keys.store(work, keys)
    # The counter's row holds up the site's other registrations: it is taken as late as can be.
    day = local_day(work.time, known.site.zone)
    first = await registrations.take_numbers(work.connection, site_id, day, len(appeals))
    cases = [
        register(appeal.command, known, appeal.caller, work.time, case_id, first + index)
        for index, (case_id, appeal) in enumerate(zip(case_ids, appeals, strict=True))
    ]
    made = [
        NewCase(
            case=case,
            hands=_hands(case, appeal.caller),
            code_hash=secrets.codes.index(
                secrets.codes.receipt(site_id, case.case_id, appeal.command.slip_number)
            ),
            links=appeal.command.links,
            reporter=reporter,
        )
        for case, appeal, reporter in zip(cases, appeals, sealed, strict=True)
    ]
    await registrations.insert_cases(work.connection, site_id, made)
    return [
        Receipt(
            one.case.case_id,
            work.record(
                one.case.case_id,
                site_id,
                facts.case_registered(one.case, appeal.command),
                occurred_time=one.case.occurred_time,
                call=appeal.call,
            ),
        )
        for one, appeal in zip(made, appeals, strict=True)
    ]


def _hands(case: Case, caller: Caller) -> list[str]:
    """Whoever registers is shown the receipt's code, and so is in it like the receiver."""
    return persons([case.receiver, caller.subject if caller.staff else ""])


async def _seal(
    work: Work, case_id: str, command: RegisterCase, secrets: Secrets, keys: list[NewSubjectKey]
) -> SealedReporter | None:
    """Seals a reporter under a new key of the case's own, added to `keys`; None if anonymous."""
    reporter = command.reporter
    if not (reporter.name or reporter.person_code):
        return None
    key = await secrets.keys.prepare(work, command.site_id, case_id)
    keys.append(key)
    person = reporter.person_code
    return SealedReporter(
        sealed=secrets.keys.ring.seal(key.key, replies.reporter(reporter)),
        person_hash=secrets.codes.person(command.site_id, person) if person else None,
    )
