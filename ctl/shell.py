"""What every command shares: options, a client, a place to print, and the way out on errors."""

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import typer
from google.protobuf import json_format
from google.protobuf.message import Message
from rich.console import Console, RenderableType
from rich.markup import escape

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from backstop.operations.v1 import operations_service_pb2
from ctl import refusals, times
from ctl import settings as settings_module
from ctl.connection import Client, Connections, new_request_id
from ctl.exits import Exit
from ctl.failures import Answer, Failure, Problem
from ctl.filters import Written, as_typed, written
from ctl.names import Kind, Names, names_of
from ctl.settings import Settings
from ctl.tables.look import Look
from ctl.words import Words

_UUID_LENGTH = 36
# For asking what time it is; without an answer it is this computer's.
_TIME_SECONDS = 2.0
_WIDTH_OF_FILES = 160
# Questions in flight where a listing needs many answers.
_AT_ONCE = 16
_DAYS_AHEAD = re.compile(r"\+\d+d")


@dataclass(slots=True)
class Shell:
    """The options that stand before every command."""

    # Settings are read when a command runs, so that help needs none.
    load: Callable[[], Settings]
    language: str = "zh"
    json: bool = False
    request_id: str = ""
    console: Console = field(default_factory=lambda: console_of(stderr=False))
    errors: Console = field(default_factory=lambda: console_of(stderr=True))

    @property
    def words(self) -> Words:
        return Words(self.language)


def console_of(*, stderr: bool) -> Console:
    """A console as wide as the screen; where there is none, wide enough for every table."""
    console = Console(stderr=stderr)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH_OF_FILES
    return console


# Until the site has said otherwise.
_ZONE = "Asia/Shanghai"


@dataclass(slots=True)
class Session:
    """One running command."""

    shell: Shell
    settings: Settings
    connections: Connections
    client: Client
    zone: ZoneInfo
    # What was typed as a filter, for the place in it that a refusal is about.
    condition: Written | None = None
    _names: dict[str, Names] = field(default_factory=dict)

    @property
    def words(self) -> Words:
        return self.shell.words

    @property
    def site(self) -> str:
        """The site asked for, or the only one of the token; Problem when neither says."""
        if not self.settings.site:
            raise Problem("请指明矿 / which site?", field="--site")
        return self.settings.site

    def request_id(self) -> str:
        """Returns the id given with --request-id, else a fresh one."""
        return self.shell.request_id or new_request_id()

    def client_as(self, name: str) -> Client:
        """Returns a client with the named token of the instance."""
        token = self.settings.token_of(name) if name else ""
        return Client(self.connections, token=token, language=self.shell.language)

    async def names(self, site_id: str) -> Names:
        """Returns the site's names, asked for once; those of last time while routing is away."""
        if site_id not in self._names:
            found = await names_of(self.client, site_id, self.settings.cache)
            self._names[site_id] = found
            # Times are read and shown by the site's clock, unless the reader asked for another.
            if found.time_zone and not self.settings.time_zone:
                self.zone = times.zone(found.time_zone)
        return self._names[site_id]

    async def look(self, site_id: str) -> Look:
        """Returns what listings of a site's things translate by."""
        names = await self.names(site_id)
        return Look(self.words, names, self.zone)

    async def names_for(self, error: Failure) -> Names:
        """Returns the names that an error's sentence needs; those asked for already go first."""
        if not refusals.wants_names(error.answer):
            return Names()
        return next(iter(self._names.values()), None) or await self.names(self.settings.site)

    async def now(self) -> datetime:
        """Returns the suite's time as its operator is told it, else this computer's.

        They differ in a demonstration, whose clock is moved.
        """
        if self.settings.has_token(settings_module.OPERATOR):
            client = self.client_as(settings_module.OPERATOR)
            request = operations_service_pb2.GetFlowRequest()
            try:
                flow = await client.call(
                    "intake",
                    client.operations("intake").GetFlow,
                    request,
                    repeat=False,
                    timeout=_TIME_SECONDS,
                )
            except Failure:
                return datetime.now(UTC)
            return times.moment(flow.decision_time)
        return datetime.now(UTC)

    async def day(self, text: str, *, option: str) -> date:
        """Reads a date, one ahead ("+3d") counted from the site's today; Problem for none."""
        today = None
        if times.is_ahead(text):
            # The site's clock comes with its names.
            await self.names(self.site)
            today = (await self.now()).astimezone(self.zone).date()
        return times.parse_date(text, option=option, today=today)

    async def filter(self, typed: str) -> str:
        """Returns a filter in the API's words; says which of its names the site doesn't know."""
        if not typed:
            return ""
        names = await self.names(self.site)
        today = None
        if _DAYS_AHEAD.search(typed):
            today = (await self.now()).astimezone(self.zone).date()

        def day_of(text: str) -> str:
            if not times.is_ahead(text):
                return text
            return times.parse_date(text, option="--filter", today=today).isoformat()

        self.condition = written(typed, names, day_of)
        self._note_strangers(self.condition.strangers)
        return self.condition.text

    async def sought(self, kind: Kind, text: str) -> str:
        """Returns the code of what is looked for by name or code; says so when there is none."""
        names = await self.names(self.site)
        code = names.category_of(text) if kind == "categories" else names.code_of(kind, text)
        known = names.table(kind)
        # "position:DUTY_LEAD" is accountable, too.
        is_stranger = bool(text and known) and code not in known and ":" not in code
        self._note_strangers([text] if is_stranger else [])
        return code

    def _note_strangers(self, strangers: Sequence[str]) -> None:
        if strangers:
            listed = self.words("between").join(strangers)
            self.note(self.words("strangers", names=listed))

    async def case_id(self, key: str) -> str:
        """Returns the id of a case named by id or by number."""
        if len(key) == _UUID_LENGTH and key.count("-") == 4:
            return key.lower()
        return (await self.case(key)).case_id

    async def case(self, key: str, *, as_of: datetime | None = None) -> intake_pb2.Case:
        """Returns the case file of a case named by id or by number; as it stood, if told when."""
        if len(key) == _UUID_LENGTH and key.count("-") == 4:
            request = intake_service_pb2.GetCaseRequest(case_id=key.lower())
        else:
            request = intake_service_pb2.GetCaseRequest(number=key.upper())
        if as_of is not None:
            request.as_of_time.FromDatetime(as_of)
        response = await self.client.call("intake", self.client.intake.GetCase, request)
        return response.case

    async def cases(self, case_ids: Iterable[str]) -> dict[str, intake_pb2.Case]:
        """Returns cases by their ids, as far as intake tells them to the caller."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def case(case_id: str) -> intake_pb2.Case | None:
            async with gate:
                try:
                    return await self.case(case_id)
                except Failure:
                    return None

        wanted = sorted({case_id for case_id in case_ids if case_id})
        found = await asyncio.gather(*map(case, wanted))
        return {case_id: one for case_id, one in zip(wanted, found, strict=True) if one}

    async def numbers(self, case_ids: Iterable[str]) -> dict[str, str]:
        """Returns the numbers of cases by their ids, as far as intake tells them to the caller."""
        found = await self.cases(case_ids)
        return {case_id: case.number for case_id, case in found.items()}

    def show(self, message: Message | dict[str, object], *tables: RenderableType) -> None:
        """Prints the message for a script, or the tables for a person."""
        if self.shell.json:
            data = as_data(message) if isinstance(message, Message) else message
            typer.echo(json.dumps(data, ensure_ascii=False, indent=2))
            return
        for table in tables:
            self.shell.console.print(table)

    def say(self, sentence: str) -> None:
        """Prints a sentence for a person; nothing for a script."""
        if not self.shell.json:
            self.shell.console.print(escape(sentence), highlight=False)

    def note(self, sentence: str) -> None:
        """Prints a remark beside the result."""
        self.shell.errors.print(escape(sentence), highlight=False, style="dim")


def as_data(message: Message) -> dict[str, object]:
    """Returns a message as JSON data, with the protos' own field names."""
    data: dict[str, object] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return data


def shell_of(context: typer.Context) -> Shell:
    """Returns the shell that the root command made."""
    shell = context.find_object(Shell)
    if shell is None:
        raise LookupError("no shell: the root callback has not run")
    return shell


def execute(
    context: typer.Context,
    work: Callable[[Session], Awaitable[Exit | None]],
    *,
    operator: bool = False,
) -> None:
    """Runs a command's work and leaves with its exit code; errors become sentences.

    `operator` says that only the operator may do this: the instance's is taken unless somebody
    was named.
    """
    shell = shell_of(context)
    try:
        code = asyncio.run(_run(shell, work, operator=operator)) or Exit.DONE
    except Problem as problem:
        complain(shell, problem)
        code = problem.exit
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    if code is not Exit.DONE:
        raise typer.Exit(int(code))


async def _run(
    shell: Shell, work: Callable[[Session], Awaitable[Exit | None]], *, operator: bool
) -> Exit | None:
    found: Settings = shell.load()
    if not found.endpoints:
        raise Problem(
            "不知道服务在哪里：先 make up，或设置地址 / no endpoints: `make up` first, or set them",
            field=f"{settings_module.PREFIX}ENDPOINTS",
        )
    connections = Connections(found.endpoints, found.ca_file)
    token = found.operator_token if operator else found.token
    client = Client(connections, token=token, language=shell.language)
    session = Session(shell, found, connections, client, times.zone(found.time_zone or _ZONE))
    try:
        return await work(session)
    except Failure as failure:
        failure.answer = as_typed(failure.answer, session.condition)
        complain(shell, failure, await session.names_for(failure))
        return failure.answer.exit
    finally:
        await connections.close()


def complain(shell: Shell, error: Problem | Failure, names: Names | None = None) -> None:
    """Prints an error as sentences, or as one JSON document."""
    if shell.json:
        typer.echo(json.dumps({"error": error_data(error)}, ensure_ascii=False, indent=2), err=True)
        return
    for line in error_lines(error, shell.words, names or Names()):
        shell.errors.print(line, highlight=False, soft_wrap=True)


def error_lines(error: Problem | Failure, words: Words, names: Names | None = None) -> list[str]:
    """Returns an error as lines of rich markup: the sentence, the fields, what to do."""
    colon = words("colon")
    if isinstance(error, Problem):
        heading = "unavailable" if error.exit is Exit.UNAVAILABLE else "invalid"
        place = f"{escape(error.field)}{colon}" if error.field else ""
        return [f"[red]{words(heading)}[/]{colon}{place}{escape(str(error))}"]
    answer = error.answer
    known = names or Names()
    sentence = refusals.sentence(answer, words, known)
    lines = [f"[red]{words(_heading(answer))}[/]{colon}{escape(sentence)}"]
    for fault in refusals.faults(answer, words, known):
        place = f"{words('field')} [bold]{escape(fault.label)}[/]" if fault.label else ""
        lines.append(f"  {colon.join(filter(None, (place, escape(fault.words))))}")
    if answer.reason:
        lines.append(f"  [dim]{escape(answer.reason)} · {escape(answer.domain)}[/]")
    else:
        lines.append(f"  [dim]{answer.code.name} · {escape(answer.service)}[/]")
    if answer.exit is Exit.UNAVAILABLE and error.request_id:
        lines.append(f"  {words('repeat', id=error.request_id)}")
    if answer.exit is Exit.FAULT and answer.x_request_id:
        lines.append(f"  {words('log_id')} {escape(answer.x_request_id)}")
    return lines


def _heading(answer: Answer) -> str:
    if answer.exit is Exit.UNAVAILABLE:
        return "unavailable"
    return "fault" if answer.exit is Exit.FAULT else "refused"


def error_data(error: Problem | Failure) -> dict[str, object]:
    """Returns an error as data for scripts."""
    if isinstance(error, Problem):
        return {"exit": int(error.exit), "message": str(error), "field": error.field}
    answer = error.answer
    return {
        "exit": int(answer.exit),
        "service": answer.service,
        "code": answer.code.name,
        "reason": answer.reason,
        "domain": answer.domain,
        "message": answer.sentence,
        "metadata": answer.metadata,
        "fields": [{"field": f.name, "description": f.description} for f in answer.faults],
        "request_id": error.request_id,
        "x_request_id": answer.x_request_id,
    }
