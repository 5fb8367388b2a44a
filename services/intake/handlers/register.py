"""Opens case files: appeals of one site that come together share one transaction.

Each is registered as if it were alone; together they take the site's counter once and pay the
round trips and the commit once.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from chassis.call import Call
from chassis.database import Connection
from chassis.errors import Refused
from chassis.ids import new_id
from chassis.sealing import NewSubjectKey, SubjectKeys
from chassis.work import Receipt, Work
from services.intake.convert import facts, replies
from services.intake.convert import registration as convert
from services.intake.domain.codes import Codes
from services.intake.domain.commands import RegisterCase
from services.intake.domain.grams import grams, normalise
from services.intake.domain.registration import (
    Caller,
    Known,
    check_known,
    place_of,
    register,
    verdict_of,
)
from services.intake.domain.rules import Numbering
from services.intake.domain.times import local_day
from services.intake.domain.values import Case
from services.intake.domain.visibility import persons
from services.intake.handlers.holding import held, hold
from services.intake.numbering import Numbers
from services.intake.store import registrations
from services.intake.store.registrations import NewCase, SealedReporter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What derives codes and opens seals; never stored, never logged."""

    codes: Codes
    keys: SubjectKeys


class Lexicons(Protocol):
    """What a site's words say an appeal is about."""

    async def suggest(self, connection: Connection, site_id: str, text: str, place: str) -> str:
        """Returns the category that a site's lexicon speaks for, empty without an idea.

        It runs within the registration's transaction: as a rule without asking the database.
        """
        ...


class NoLexicons:
    """No site has any words."""

    async def suggest(self, connection: Connection, site_id: str, text: str, place: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What registering stands on. Without `numbers` every site's are taken from the counter."""

    secrets: Secrets
    numbers: Numbers | None = None
    lexicons: Lexicons = NoLexicons()  # noqa: RUF009 - it has no state


@dataclass(frozen=True, slots=True)
class Appeal:
    """One call to register; the command's reporter is settled, its site in the caller's sight.

    `case_id` is empty unless it was settled before that the case would have it.
    """

    call: Call
    command: RegisterCase
    caller: Caller
    case_id: str = ""


class Blame(Exception):
    """Some appeals of several can't be registered, and it is known which."""

    def __init__(self, calls: Collection[Call]) -> None:
        super().__init__(f"{len(calls)} of the appeals can't be registered")
        self.calls = calls


async def register_cases(
    work: Work, appeals: Sequence[Appeal], desk: Desk | Secrets
) -> list[Receipt]:
    """Opens a file for each appeal, all of one site; receipts in their order.

    Raises Refused when it can't be registered, and of several Blame where it is known which can't;
    then none is.
    """
    if isinstance(desk, Secrets):
        desk = Desk(desk)
    secrets = desk.secrets
    site_id = appeals[0].command.site_id
    known = await registrations.load_known(
        work.connection,
        site_id,
        [appeal.command for appeal in appeals],
        [appeal.caller for appeal in appeals],
    )
    if known is None:
        raise Refused("SITE_UNKNOWN", site_id=site_id)
    _each(appeals, lambda appeal, _: check_known(appeal.command, known, appeal.caller))
    case_ids = [appeal.case_id or appeal.command.case_id or new_id() for appeal in appeals]
    sealed: list[SealedReporter | None] = []
    keys: list[NewSubjectKey] = []
    for case_id, appeal in zip(case_ids, appeals, strict=True):
        work.create(site_id, case_id)
        sealed.append(await _seal(work, case_id, appeal.command, secrets, keys))
    if keys:
        with registrations.taken_ids_refused(appeal.command.case_id for appeal in appeals):
            await secrets.keys.store(work, keys)
    suggested = [
        await desk.lexicons.suggest(
            work.connection, site_id, appeal.command.text, place_of(appeal.command, known)
        )
        for appeal in appeals
    ]
    # The counter's row holds up the site's other registrations: it is taken as late as can be.
    numbers = await _numbers(work, known, len(appeals), desk.numbers)

    def file(appeal: Appeal, index: int) -> NewCase:
        case = register(
            appeal.command,
            known,
            appeal.caller,
            work.time,
            case_ids[index],
            numbers[index],
            suggested=suggested[index],
            flagged_by=appeal.call.actor.subject,
        )
        return _new_case(case, appeal, known, sealed[index], secrets.codes)

    made = _each(appeals, file)
    await registrations.insert_cases(work.connection, site_id, made)
    return [_record(work, one.case, appeal) for one, appeal in zip(made, appeals, strict=True)]


def _each(appeals: Sequence[Appeal], made: Callable[[Appeal, int], T]) -> list[T]:
    """Returns what is made of each appeal and its index; raises Blame for all that are refused.

    A lone one's refusal is raised as it is.
    """
    results: list[T] = []
    guilty: set[Call] = set()
    for index, appeal in enumerate(appeals):
        try:
            results.append(made(appeal, index))
        except Refused:
            if len(appeals) == 1:
                raise
            guilty.add(appeal.call)
    if guilty:
        raise Blame(guilty)
    return results


async def reissue_code(
    work: Work, case_id: str, expected_version: int, reason: str, codes: Codes
) -> Receipt:
    """Gives a case another receipt code; the outcome is how often that was done.

    Whoever does it is shown the code, and so has a hand in the case.
    """
    file = await held(work, case_id, expected_version)
    case = file.case
    attempt = case.code_attempt + 1
    code = codes.of_case(case.site_id, case_id, attempt)
    fact = convert.case_code_reissued(case, reason, work.actor.subject, attempt)
    version = work.record(case_id, case.site_id, fact)
    await registrations.replace_code(
        work.connection, case_id, case.site_id, codes.index(code), attempt
    )
    await hold(work, file)
    return Receipt(case_id, version, outcome=str(attempt))


async def _numbers(work: Work, known: Known, count: int, numbers: Numbers | None) -> Sequence[int]:
    site_id = known.site.site_id
    day = local_day(work.time, known.site.zone)
    blocks = known.rules.numbering is Numbering.BLOCKS
    if blocks and numbers is not None:
        return await numbers.take(site_id, day, count)
    first = await registrations.take_numbers(work.connection, site_id, day, count, blocks=blocks)
    return range(first, first + count)


def _new_case(
    case: Case, appeal: Appeal, known: Known, reporter: SealedReporter | None, codes: Codes
) -> NewCase:
    command = appeal.command
    searched = f"{case.text}\n{case.place}"
    related = {link.case_id for link in command.links}
    return NewCase(
        case=case,
        hands=_hands(case, appeal.caller, known),
        code_hash=codes.index(codes.receipt(case.site_id, case.case_id, command.slip_number)),
        links=command.links,
        reporter=reporter,
        attachments=command.attachments,
        suggestion=verdict_of(command, case.suggested_category),
        suggested_duplicates={
            one: one in related
            for one in command.suggested_duplicates
            if appeal.caller.persons.isdisjoint(known.linked.get(one, appeal.caller.persons))
        },
        normal_text=normalise(searched),
        grams=grams(searched),
    )


def _record(work: Work, case: Case, appeal: Appeal) -> Receipt:
    """Records the registration, then the flags that it came with."""
    version = work.record(
        case.case_id,
        case.site_id,
        facts.case_registered(case, appeal.command),
        occurred_time=case.occurred_time,
        call=appeal.call,
    )
    for flag in case.flags:
        fact = convert.case_flagged(case, flag)
        version = work.record(case.case_id, case.site_id, fact, call=appeal.call)
    return Receipt(case.case_id, version)


def _hands(case: Case, caller: Caller, known: Known) -> list[str]:
    """Whoever registers is shown the receipt's code, and so is in it like the receiver.

    So is whoever issued its slip, who was shown the same; and the leader of a long-standing one.
    """
    leaders = [flag.leader for flag in case.flags]
    printed = known.printed(case.slip_number)
    issuer = "" if printed is None else printed.issued_by
    behind = {caller.subject, *caller.persons} if caller.staff else set()
    return persons([case.receiver, *behind, issuer, *leaders])


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
