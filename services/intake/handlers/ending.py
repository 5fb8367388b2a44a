"""How cases end and begin again, one transaction each: lock, load, decide, store, record.

To refer a case and to review it is to work on it; to strike it off, to reopen it and to speak for
its reporter is not.
"""

from chassis.errors import Refused
from chassis.work import Receipt, Work
from services.intake.convert import ending as convert
from services.intake.convert import linking as convert_links
from services.intake.domain import commands, ending, visibility
from services.intake.domain.linking import LinkCases, master_of
from services.intake.domain.transitions import IN_HAND
from services.intake.domain.values import Basis, Case, CaseFile, Relation
from services.intake.handlers.followers import tell_followers
from services.intake.handlers.holding import SealNeeded, act, held, hold, spoken_of
from services.intake.store import cases, directory
from services.intake.store import ending as store
from services.intake.store.linking import delete_link
from services.intake.store.rules import load_rules

_DISPATCH_ROOM = frozenset({"DISPATCHER", "DIRECTOR"})
_OWN_WORD = frozenset({Basis.REPORTER, Basis.CODE})


async def close_case(work: Work, command: commands.CloseCase, *, sealed: bool) -> Receipt:
    """Strikes the case off; raises SealNeeded where work orders may be open and aren't sealed."""
    file = await held(work, command.case_id, command.expected_version)
    rules = await load_rules(work.connection, file.case.site_id)
    case = ending.close(file, command, act(work), rules)
    if file.case.state in IN_HAND and not sealed:
        raise SealNeeded(case.site_id)
    fact = convert.case_closed(case, command, rules.appeal_words)
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    await tell_followers(work, file, case)
    return Receipt(case.case_id, version)


async def withdraw_case(
    work: Work, command: ending.WithdrawCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes that the reporter takes it back; the outcome is the basis it rests on."""
    file, basis = await spoken_of(work, command, speaker)
    withdrawn = ending.withdraw(file, command, basis, act(work))
    case = withdrawn.case
    if not withdrawn.new:
        return Receipt(case.case_id, work.version(case.case_id), outcome=basis)
    version = work.record(case.case_id, case.site_id, convert.case_withdrawn(withdrawn))
    await store.insert_withdrawal(work.connection, case, withdrawn.withdrawal, version)
    return Receipt(case.case_id, version, outcome=basis)


async def reopen_case(
    work: Work, command: ending.ReopenCase, speaker: visibility.Speaker
) -> Receipt:
    """Writes that a closed case is in progress again; a duplicate is one no longer.

    Raises Refused PERMISSION_DENIED for whoever is neither the reporter nor the dispatch room.
    """
    file, basis = await spoken_of(work, command, speaker)
    if basis not in _OWN_WORD:
        if speaker.roles.isdisjoint(_DISPATCH_ROOM):
            raise Refused("PERMISSION_DENIED", needed=", ".join(sorted(_DISPATCH_ROOM)))
        basis = Basis.NONE
    rules = await load_rules(work.connection, file.case.site_id)
    reopened = ending.reopen(file, basis, act(work), rules)
    case = reopened.case
    await _leave_master(work, file, command.reason)
    fact = convert.case_reopened(case, command.reason, basis, reopened.previous_outcome, act(work))
    version = work.record(case.case_id, case.site_id, fact)
    await cases.save_case(work.connection, case)
    await tell_followers(work, file, case)
    return Receipt(case.case_id, version)


async def refer_case(work: Work, command: ending.ReferCase) -> Receipt:
    """Writes that another body has the matter."""
    file = await held(work, command.case_id, command.expected_version)
    referral = ending.refer(file, command, act(work))
    case = file.case
    version = work.record(case.case_id, case.site_id, convert.case_referred(case, referral))
    await store.insert_referral(work.connection, case, referral, version)
    await hold(work, file)
    return Receipt(case.case_id, version)


async def record_referral_result(work: Work, command: ending.RecordReferralResult) -> Receipt:
    """Writes what became of the last referral."""
    file = await held(work, command.case_id, command.expected_version)
    referral = ending.record_result(file, command, act(work))
    case = file.case
    fact = convert.case_referral_resulted(case, referral)
    version = work.record(case.case_id, case.site_id, fact)
    await store.save_referral_result(work.connection, case, referral)
    await hold(work, file)
    return Receipt(case.case_id, version)


async def review_case(work: Work, command: ending.ReviewCase) -> Receipt:
    """Writes what the director found; who verified it for them has had a hand in it, too."""
    file = await held(work, command.case_id, command.expected_version)
    people = await _people(work, file.case, command.verified_by)
    reviewed = ending.review(file, command, act(work), people)
    case = reviewed.case
    version = work.record(case.case_id, case.site_id, convert.case_reviewed(reviewed))
    await store.insert_review(work.connection, case, reviewed.review, version)
    if reviewed.again:
        fact = convert.case_reopened(
            case, command.findings, Basis.NONE, file.case.outcome, act(work)
        )
        version = work.record(case.case_id, case.site_id, fact)
        await cases.save_case(work.connection, case)
        await tell_followers(work, file, case)
    await hold(work, file, command.verified_by)
    return Receipt(case.case_id, version)


async def _leave_master(work: Work, file: CaseFile, reason: str) -> None:
    """Takes the tie to the master off, where the case was a duplicate."""
    master_id, case = master_of(file), file.case
    if not master_id:
        return
    master = await cases.load_case(work.connection, master_id)
    if master is None:
        raise LookupError(f"the case {master_id} has gone")
    command = LinkCases(case.case_id, 0, master_id, Relation.DUPLICATE_OF, True, reason)
    fact = convert_links.case_linked(case, command, master.number)
    work.record(case.case_id, case.site_id, fact)
    await delete_link(work.connection, case, master_id, Relation.DUPLICATE_OF)


async def _people(work: Work, case: Case, *asked: str) -> frozenset[str]:
    known = await directory.list_names(work.connection, case.site_id, asked)
    return frozenset(code for kind, code in known if kind == "person")
