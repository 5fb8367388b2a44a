"""Ties cases together, merges a duplicate into its master, splits a second matter off.

None of it is to work on a case, so it leaves no hand in the ones that are there.
"""

from dataclasses import replace

from chassis.call import Call
from chassis.errors import Refused
from chassis.journal import Cause
from chassis.work import Receipt, Work
from services.intake.convert import linking as convert
from services.intake.domain import linking, visibility
from services.intake.domain.registration import Caller
from services.intake.domain.room import Entry, check_number
from services.intake.domain.transitions import IN_HAND
from services.intake.domain.values import CaseFile, CaseState, Relation
from services.intake.handlers.amending import reporter_of
from services.intake.handlers.followers import tell_followers
from services.intake.handlers.holding import SealNeeded, act, held
from services.intake.handlers.register import Appeal, Secrets, register_cases
from services.intake.store import cases, directory
from services.intake.store import linking as store


async def link_cases(work: Work, command: linking.LinkCases) -> Receipt:
    """Writes a tie, or that it is taken off; what is so already is nothing new.

    Raises Refused LINK_NOT_ALLOWED, LINK_NOT_FOUND, LINK_CYCLE and TOO_MANY_ENTRIES beside what
    `held` does.
    """
    file, other = await _both(work, command.case_id, command.linked_case_id, command)
    case = file.case
    linking.check_link(case, command)
    if other is None:
        raise Refused("LINK_NOT_FOUND", case_id=command.linked_case_id)
    if not linking.changes(file, command):
        return Receipt(case.case_id, work.version(case.case_id))
    if not command.remove:
        check_number(file, Entry.LINKS)
    if command.relation is Relation.RECURRENCE_OF and not command.remove:
        await store.hold_ties(work.connection, case.site_id)
        if await store.recurs_from(work.connection, other.case.case_id, case.case_id):
            raise linking.in_a_circle(case, other.case)
    fact = convert.case_linked(case, command, other.case.number)
    version = work.record(case.case_id, case.site_id, fact)
    write = store.delete_link if command.remove else store.insert_link
    await write(work.connection, case, other.case.case_id, command.relation)
    return Receipt(case.case_id, version)


async def merge_case(work: Work, command: linking.MergeCase, *, sealed: bool) -> Receipt:
    """Closes a duplicate; what were duplicates of it follow the master from now on.

    Its reporter is asked at once where the master is resolved: no move of it would tell them.

    Raises SealNeeded unless its work orders are sealed for it, where it may have some.
    """
    file, master = await _both(work, command.case_id, command.master_case_id, command)
    if master is None:
        raise Refused("LINK_NOT_FOUND", case_id=command.master_case_id)
    visibility.check_hand(master.case, _callers(work))
    case = linking.merge(file, master, act(work))
    if file.case.state in IN_HAND and not sealed:
        raise SealNeeded(case.site_id)
    fact = convert.case_merged(case, command, master.case)
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    await store.insert_link(work.connection, case, master.case.case_id, Relation.DUPLICATE_OF)
    if master.case.state is CaseState.RESOLVED:
        moved = convert.case_master_moved(case.case_id, master.case, act(work))
        cause = Cause("intake", master.case.case_id, work.version(master.case.case_id))
        version = work.record(case.case_id, case.site_id, moved, causes=[cause])
    await tell_followers(work, file, master.case)
    return Receipt(case.case_id, version)


async def split_case(
    work: Work, command: linking.SplitCase, secrets: Secrets, call: Call
) -> Receipt:
    """Registers the second matter as a case of the same reporter, sealed under its own key.

    The old one tells that it was split, and why. The receipt is the new case's.
    """
    file = await held(work, command.case_id, command.expected_version)
    case = file.case
    reporter = await reporter_of(work, case, secrets)
    wanted = [*linking.split_people(case), case.post_id]
    known = await directory.list_names(work.connection, case.site_id, wanted)
    people = {code for kind, code in known if kind == "person"}
    second = linking.split(file, command, reporter, people)
    if ("post", case.post_id) not in known:
        # The site has given it up since, and nobody could name another.
        second = replace(second, post_id="")
    appeal = Appeal(
        call,
        second,
        Caller(work.actor.subject, staff=True, persons=_callers(work)),
    )
    receipt = (await register_cases(work, [appeal], secrets))[0]
    # In sight of whoever sees the old one: it is about the same persons.
    numbers = await cases.list_numbers(work.connection, [receipt.subject_id], ())
    new = receipt.subject_id, numbers[receipt.subject_id]
    fact = convert.case_split(case, command, new, act(work))
    work.record(case.case_id, case.site_id, fact)
    return receipt


async def _both(
    work: Work, case_id: str, other_id: str, command: linking.LinkCases | linking.MergeCase
) -> tuple[CaseFile, CaseFile | None]:
    """Locks two cases at once; the other is None where it isn't one of the site, or not there.

    Raises what `held` does about the first.
    """
    await work.lock_existing(case_id, other_id)
    file = await held(work, case_id, command.expected_version)
    other = file if other_id == case_id else await cases.load_file(work.connection, other_id)
    if other is None or other.case.site_id != file.case.site_id:
        return file, None
    if not visibility.in_sight(other.case.about_persons, _callers(work)):
        return file, None
    return file, other


def _callers(work: Work) -> frozenset[str]:
    return visibility.behind(work.actor.subject, work.actor.acting_for)
