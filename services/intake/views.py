"""What a caller may read: one place where absent and forbidden become the same answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from backstop.intake.v1 import intake_pb2
from chassis.actor import ANYONE, Actor
from chassis.call import Call
from chassis.clock import decision_time
from chassis.database import Connection, Database
from chassis.errors import FieldViolation, Refused
from services.intake.convert import replay
from services.intake.convert.access import ACCESS
from services.intake.domain import actions, linking, marks, visibility
from services.intake.domain.codes import Codes
from services.intake.domain.times import CLOCK_SKEW
from services.intake.domain.values import Case, CaseFile, Confidentiality, Step
from services.intake.handlers.register import Secrets
from services.intake.sentences import public
from services.intake.store import cases, rules, talking
from services.intake.store.samples import list_samples_of

RECEIPT = "receipt"

# Finding the site of a code needs no site; the worker role sees all of them.
_PLACING = Actor(subject=RECEIPT)


@dataclass(frozen=True, slots=True)
class Opened:
    """A case that a receipt code opens, and the actor who may read it: that site, no names."""

    case_id: str
    actor: Actor


@dataclass(frozen=True, slots=True)
class Allowed:
    """What somebody may do with a case: names of RPCs, and the samples that wait for their call.

    `repeat_count` is how many other cases of its person there are for them.
    """

    actions: tuple[str, ...] = ()
    sample_ids: tuple[str, ...] = ()
    repeat_count: int = 0


class Views:
    """Reads for callers; `app` under row-level security, `worker` only to place a code."""

    def __init__(self, app: Database, worker: Database, secrets: Secrets) -> None:
        self._app = app
        self._worker = worker
        self._secrets = secrets

    @property
    def secrets(self) -> Secrets:
        """Seals anew what a handler was told of a reporter."""
        return self._secrets

    @property
    def codes(self) -> Codes:
        """Derives codes and keyed hashes."""
        return self._secrets.codes

    async def file(self, actor: Actor, case_id: str) -> CaseFile:
        """Returns a case file; Refused CASE_NOT_FOUND when absent or not for the actor.

        Links to cases about the actor aren't there, either.
        """
        callers = visibility.behind(actor.subject, actor.acting_for)
        async with self._app.read(actor) as connection:
            await cases.plan_once(connection)
            file = await cases.load_file(connection, case_id)
            if file is None or not await self._allowed(connection, actor, file):
                raise Refused("CASE_NOT_FOUND", case_id=case_id)
        visibility.check_sight(file.case, callers)
        links = tuple(link for link in file.links if visibility.in_sight(link.about, callers))
        return _as_told(actor, replace(file, links=links))

    async def file_as_of(self, actor: Actor, case_id: str, instant: datetime) -> CaseFile:
        """Returns a case file as it stood at an instant, as far as its facts tell.

        Today's rules decide who may read it: it must be about nobody behind the call, neither
        today nor then. Raises Refused as `file`, NOT_REGISTERED_YET before its registration to whom
        it is there for, and TIME_IN_FUTURE.
        """
        callers = visibility.behind(actor.subject, actor.acting_for)
        present = await self.file(actor, case_id)
        async with self._app.read(actor) as connection:
            if instant > await decision_time(connection) + CLOCK_SKEW:
                raise Refused("TIME_IN_FUTURE", field="as_of_time")
            steps = await cases.list_steps(connection, case_id)
            file = replay.file_as_of(steps, present.zone, instant)
            if file is None:
                begun = present.case.record_time.astimezone(present.zone)
                raise Refused(
                    "NOT_REGISTERED_YET",
                    number=present.case.number,
                    record_time=begun.isoformat(),
                )
            linked = {link.case_id for link in file.links}
            shown = await cases.list_in_sight(connection, linked, callers)
        visibility.check_sight(file.case, callers)
        links = tuple(link for link in file.links if link.case_id in shown)
        return _as_told(actor, replace(file, links=links))

    async def file_by_number(self, actor: Actor, number: str) -> CaseFile:
        """Returns the file of the one case in sight with this number; else CASE_NOT_FOUND."""
        async with self._app.read(actor) as connection:
            case_id = await cases.find_number(connection, number)
        if case_id is None:
            raise _not_found(number)
        try:
            return await self.file(actor, case_id)
        except Refused:
            raise _not_found(number) from None

    async def numbers(self, actor: Actor, site_id: str, case_ids: Iterable[str]) -> dict[str, str]:
        """Returns {case: number} of those of a site's cases that are for the actor to see."""
        callers = visibility.behind(actor.subject, actor.acting_for)
        async with self._app.read(actor) as connection:
            if visibility.only_reporter(actor.roles):
                person = self.codes.person(site_id, actor.subject)
                return await cases.list_own_numbers(connection, case_ids, callers, person)
            return await cases.list_numbers(connection, case_ids, callers)

    async def opened(self, code: str) -> Opened:
        """Returns what a receipt code opens; Refused CODE_WRONG for an unknown one."""
        async with self._worker.read(_PLACING) as connection:
            found = await cases.find_code(connection, self.codes.index(code))
        if found is None:
            raise Refused("CODE_WRONG")
        case_id, site_id = found
        return Opened(case_id, Actor(subject=RECEIPT, sites=frozenset({site_id})))

    async def opened_file(self, opened: Opened) -> CaseFile:
        """Returns the file of a case opened by its code."""
        async with self._app.read(opened.actor) as connection:
            file = await cases.load_file(connection, opened.case_id)
        if file is None:
            raise Refused("CODE_WRONG")
        return file

    async def registered(self, actor: Actor, case_id: str) -> CaseFile:
        """Returns a case to whoever has just registered it, anonymous reporters included.

        So it does to one whom it is about; what of it they are shown is the caller's to decide.
        """
        async with self._app.read(actor) as connection:
            file = await cases.load_file(connection, case_id)
        if file is None:
            raise Refused("CASE_NOT_FOUND", case_id=case_id)
        return file

    async def allowed(self, actor: Actor, file: CaseFile, *, code: bool = False) -> Allowed:
        """Returns what the actor may do with a case they see, and what they are told beside it.

        With `code` what the reporter may do by it, whoever the actor is; nothing is counted then.
        """
        callers = visibility.behind(actor.subject, actor.acting_for)
        caller = actions.Caller(
            "" if code else actor.subject,
            frozenset() if code else actor.roles,
            callers,
            code=code,
        )
        around = actions.Circumstances(file.case.record_time)
        repeat_count = 0
        counts = file.repeat_days > 0 and not code
        asks = not actor.service and (
            "REPORTER" in caller.roles or actions.needs_circumstances(file, caller, ACCESS)
        )
        if counts or asks:
            async with self._app.read(actor) as connection:
                if counts:
                    repeat_count = await cases.count_repeats(connection, file, callers)
                if asks:
                    own = await self._own(connection, actor, file.case.case_id)
                    caller = replace(caller, own=own)
                    if actions.needs_circumstances(file, caller, ACCESS):
                        around = await self._circumstances(connection, file, caller)
        if actor.service:
            return Allowed(repeat_count=repeat_count)
        names = actions.allowed(file, caller, ACCESS, around)
        waiting = around.sample_ids if "RecordCallback" in names else ()
        return Allowed(names, waiting, repeat_count)

    async def master_of(self, actor: Actor, file: CaseFile) -> Case | None:
        """Returns the case that goes on in a duplicate's place; None for any other."""
        master_id = linking.master_of(file)
        if not master_id:
            return None
        async with self._app.read(actor) as connection:
            return await cases.load_case(connection, master_id)

    async def public_steps(self, actor: Actor, case_id: str) -> list[Step]:
        """Returns the steps of a case that whoever follows it may know, oldest first."""
        async with self._app.read(actor) as connection:
            return await talking.list_public_steps(connection, case_id, public.TYPES, public.LIMIT)

    async def reporter(self, actor: Actor, case_id: str) -> intake_pb2.Reporter:
        """Opens the seal of a case's reporter; the caller has decided who may look.

        Raises Refused CASE_NOT_FOUND, CASE_RECUSED and REPORTER_ANONYMOUS.
        """
        async with self._app.read(actor) as connection:
            case = await cases.load_case(connection, case_id)
            if case is None:
                raise Refused("CASE_NOT_FOUND", case_id=case_id)
            callers = visibility.behind(actor.subject, actor.acting_for)
            visibility.check_sight(case, callers)
            visibility.check_hand(case, callers)
            sealed = await cases.load_reporter(connection, case_id)
            if case.confidentiality is Confidentiality.ANONYMOUS or sealed is None:
                raise Refused("REPORTER_ANONYMOUS")
            plain = await self._secrets.keys.open_sealed(connection, sealed)
        return intake_pb2.Reporter.FromString(plain)

    async def speaker(self, call: Call, case_id: str, code: str) -> tuple[visibility.Speaker, Call]:
        """Returns who speaks about a case, and the call in whose name it is recorded.

        With a code the call is opened to the case's site, whoever makes it. Raises Refused
        CODE_WRONG for a code of another case, and for nobody without one.
        """
        actor = call.actor
        if not code and actor == ANYONE:
            raise Refused("CODE_WRONG")
        async with self._app.read(actor) as connection:
            own = await self._own(connection, actor, case_id)
        # Not those of the call as it is recorded: pseudonyms are nobody's code.
        persons = visibility.behind(actor.subject, actor.acting_for)
        if not code:
            speaker = visibility.Speaker(actor.subject, actor.roles, own=own, persons=persons)
            return speaker, self.named(call)
        opened = await self.opened(code)
        if opened.case_id != case_id:
            raise Refused("CODE_WRONG")
        speaker = visibility.Speaker(
            actor.subject, actor.roles, own=own, code=True, persons=persons
        )
        named = self.named(call, code)
        return speaker, replace(named, actor=replace(named.actor, sites=opened.actor.sites))

    def named(self, call: Call, code: str = "") -> Call:
        """Returns the call under the name the journal may show; `code` stands for nobody's name.

        Reporters act under a pseudonym of this one request: their own code would say in every
        timeline who raised a case, confidential or not. So do those whom a system acts for.
        """
        actor = call.actor
        if "SYSTEM" in actor.roles and actor.acting_for:
            return replace(
                call, actor=replace(actor, acting_for=self._pseudonym(call, actor.acting_for))
            )
        if actor == ANYONE:
            subject = self._pseudonym(call, code, RECEIPT)
        elif visibility.only_reporter(actor.roles):
            subject = self._pseudonym(call, actor.subject)
        else:
            return call
        return replace(call, actor=replace(actor, subject=subject, acting_for=""))

    def _pseudonym(self, call: Call, who: str, prefix: str = "reporter") -> str:
        return f"{prefix}:{self.codes.pseudonym(who, call.request_id)}"

    async def _allowed(self, connection: Connection, actor: Actor, file: CaseFile) -> bool:
        if not visibility.only_reporter(actor.roles):
            return True
        return await self._own(connection, actor, file.case.case_id)

    async def _circumstances(
        self, connection: Connection, file: CaseFile, caller: actions.Caller
    ) -> actions.Circumstances:
        """Returns what decides about a case beside what is on its own file."""
        master_id = linking.master_of(file)
        sampled = False
        sample_ids: tuple[str, ...] = ()
        if actions.needs_samples(file, caller, ACCESS):
            sampled, sample_ids = await list_samples_of(connection, file.case.case_id)
        return actions.Circumstances(
            time=await decision_time(connection),
            rules=await rules.load_rules(connection, file.case.site_id),
            master=await cases.load_case(connection, master_id) if master_id else None,
            sampled=sampled,
            sample_ids=sample_ids,
        )

    async def _own(self, connection: Connection, actor: Actor, case_id: str) -> bool:
        if "REPORTER" not in actor.roles:
            return False
        case = await cases.load_case(connection, case_id)
        if case is None:
            return False
        return await cases.is_own_case(
            connection, case_id, self.codes.person(case.site_id, actor.subject)
        )


def _not_found(number: str) -> Refused:
    problem = "no case has this number, or two have it"
    return Refused("CASE_NOT_FOUND", case_id=number, fields=[FieldViolation("number", problem)])


def _as_told(actor: Actor, file: CaseFile) -> CaseFile:
    """What the window says among itself isn't for the reporter's own account."""
    if not visibility.only_reporter(actor.roles):
        return file
    shown = tuple(one for one in file.comments if one.visibility is marks.Visibility.REPORTER)
    return replace(file, comments=shown)
