"""Amends what was registered, the sealed reporter included."""

from backstop.intake.v1 import intake_pb2 as pb
from chassis.work import Receipt, Work
from services.intake.convert import amending as convert
from services.intake.convert import replies, requests
from services.intake.domain import amending
from services.intake.domain.values import Case, Confidentiality, Reporter
from services.intake.handlers.holding import act, held, hold
from services.intake.handlers.register import Secrets
from services.intake.store import amending as store
from services.intake.store import cases, directory
from services.intake.store.registrations import SealedReporter


async def amend_case(work: Work, command: amending.AmendCase, secrets: Secrets) -> Receipt:
    """Writes what is different, and keeps in the journal who changed what from what."""
    file = await held(work, command.case_id, command.expected_version)
    case = file.case
    before = await reporter_of(work, case, secrets)
    amended = amending.amend(file, command, act(work), work.actor.roles, before)
    amending.check_codes(case.site_id, command, await _known(work, case, command))
    fact = convert.case_amended(amended, command, amended.reporter or before, act(work))
    version = work.record(case.case_id, case.site_id, fact)
    await store.amend_case(work.connection, amended.case)
    if amended.reporter is not None and case.confidentiality is not Confidentiality.ANONYMOUS:
        await store.replace_reporter(
            work.connection, case.case_id, await _sealed(work, case, amended.reporter, secrets)
        )
    await hold(work, file)
    return Receipt(case.case_id, version)


async def reporter_of(work: Work, case: Case, secrets: Secrets) -> Reporter:
    """Opens the seal of a case's reporter for a handler; nothing of it may leave in a fact."""
    sealed = await cases.load_reporter(work.connection, case.case_id)
    if sealed is None:
        return Reporter(case.reporter_kind, case.confidentiality)
    plain = await secrets.keys.open_sealed(work.connection, sealed)
    return requests.reporter(pb.Reporter.FromString(plain))


async def _sealed(work: Work, case: Case, reporter: Reporter, secrets: Secrets) -> SealedReporter:
    key = await secrets.keys.subject_key(work, case.site_id, case.case_id)
    person = reporter.person_code
    return SealedReporter(
        sealed=secrets.keys.ring.seal(key, replies.reporter(reporter)),
        person_hash=secrets.codes.person(case.site_id, person) if person else None,
    )


async def _known(work: Work, case: Case, command: amending.AmendCase) -> amending.Codes:
    told = (command.unit_id, command.post_id, command.category, *command.add_about_persons)
    names = await directory.list_names(
        work.connection, case.site_id, [code for code in told if code]
    )

    def of(kind: str) -> frozenset[str]:
        return frozenset(code for named, code in names if named == kind)

    return amending.Codes(of("unit"), of("post"), of("category"), of("person"))
