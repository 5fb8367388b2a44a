"""What the audience sees: the play as it goes, then timelines, ledger and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import intake_pb2
from backstop.sla.v1 import sla_pb2
from ctl.names import Names
from ctl.tables import case as tables
from ctl.tables.look import Look
from ctl.words import EN, Words
from deploy.demo.month import Month
from deploy.demo.stage import Fired, is_grace
from deploy.demo.story import Step, Story
from deploy.demo.verdict import GRACE, Verdict

_ACTIONS: Final = {
    "accept": ("接收", "accepts"),
    "accept-order": ("接单", "takes the work order"),
    "close": ("销号", "strikes it off"),
    "complete-order": ("完成工单", "completes the work order"),
    "confirm": ("确认", "confirms"),
    "dispatch": ("派单", "dispatches"),
    "escalate": ("上报", "escalates"),
    "feedback": ("反馈", "feeds back"),
    "instruct": ("批示", "instructs"),
    "plan": ("解决方案", "plans"),
    "progress": ("进度说明", "reports progress"),
    "register": ("登记", "registers"),
    "reject": ("不认可", "rejects"),
    "reply": ("初步回复", "replies"),
    "resolve": ("办结", "resolves"),
    "sweep": ("发起举一反三排查", "opens a sweep"),
    "sweep-answer": ("答复排查", "answers the sweep"),
    "unseal": ("查看身份", "asks to see the reporter"),
    "verify": ("现场核查", "verifies on site"),
}
_TITLE: Final = (
    "“兜底窗口”演示：报道中的诉求，从登记到销号",
    "The backstop window: the article's cases, from the first word to the end",
)
_INVENTED: Final = (
    "机构与诉求取自报道；人员、时刻、数目和曲折均为演示虚构，报道给出的时间只有“半个月”。",
    "Offices and appeals are the article's; people, times, turns invented (not “half a month”).",
)
_WEEK: Final = "一二三四五六日"
_WAITING: Final = ("业务时间", "decision time")
_REPORTER: Final = ("诉求人（凭证号）", "the reporter (receipt code)")
_REFUSED: Final = ("被拒，应当如此", "refused, as it must be")
_MESSAGES: Final = ("另有通知", "messages besides")
_SUMMARY: Final = ("结局", "How they ended")
_AS_TOLD: Final = ("如所述", "as told")
_WORDS: Final = ("text", "findings", "result", "words", "note")


# What happens by itself between two scenes, by the kind of clock whose time ran out.
_WARNED: Final = ("提醒：{clock} {due} 到期", "reminded: {clock}, due {due}")
_BREACHED: Final = ("超期：{clock} {due}{then}", "overdue: {clock}, due {due}{then}")
_THEN: Final = {
    sla_pb2.CLOCK_KIND_WORK_ORDER: (
        "，告知该队负责人，再宽限一个工作日",
        "; the unit's head is told, and has one more working day",
    ),
    sla_pb2.CLOCK_KIND_CONFIRMATION: ("，须回访", "; somebody has to call"),
    sla_pb2.CLOCK_KIND_REMINDER: ("", ""),
}
_CLIMBS: Final = ("，自动上报一级", "; the case goes one level up by itself")


class Teller:
    """Prints the play in one language."""

    def __init__(self, console: Console, language: str, month: Month, names: Names) -> None:
        self._console = console
        self._index = 1 if language == EN else 0
        self._language = language
        self._month = month
        self._look = Look(Words(language), names, month.zone)

    def begin(self) -> None:
        self._console.print(f"\n[bold]{_TITLE[self._index]}[/]")
        self._console.print(f"[dim]{_INVENTED[self._index]}[/]\n")

    def scene(self, instant: datetime) -> None:
        local = instant.astimezone(self._month.zone)
        day = f"{local:%a}" if self._language == EN else f"周{_WEEK[local.weekday()]}"
        self._console.print(
            f"[bold]{local:%Y-%m-%d %H:%M}[/] [dim]{day} · {_WAITING[self._index]}[/]"
        )

    def between(self, instant: datetime, fired: Sequence[tuple[Story, Fired]]) -> None:
        """Prints what happened by itself on the way to the next scene."""
        local = instant.astimezone(self._month.zone)
        self._console.print(f"[dim]{local:%Y-%m-%d %H:%M}[/]")
        for story, one in fired:
            title = escape(story.title.of(self._language))
            style = "red" if one.breached else "yellow"
            self._console.print(
                f"  [cyan]{title}[/] [{style}]{escape(self._of_clock(one))}[/]", highlight=False
            )

    def _of_clock(self, one: Fired) -> str:
        words = self._look.words
        clock = words.value(sla_pb2.ClockKind.DESCRIPTOR, one.clock.kind)
        if is_grace(one.clock):
            clock = words("grace")
        unit = self._look.names.unit(one.unit_id)
        template = _BREACHED if one.breached else _WARNED
        # A reminder's deadline is the next one already.
        due = one.clock.breach_time if one.breached else one.clock.due_time
        return template[self._index].format(
            clock=f"{clock} · {unit}" if unit else clock,
            due=self._look.due(due),
            then=_THEN.get(one.clock.kind, _CLIMBS)[self._index],
        )

    def line(self, story: Story, step: Step, actor: str) -> str:
        """Returns what someone did, in a line of markup."""
        who = _REPORTER[self._index] if step.by == "receipt" else self._look.names.who(actor)
        action = _ACTIONS[step.do][self._index]
        words = next((text for name in _WORDS if (text := step.text(name, self._language))), "")
        line = f"  [cyan]{escape(story.title.of(self._language))}[/] {escape(who)} {action}"
        if step.refused:
            line += f" [yellow]({_REFUSED[self._index]}: {step.refused})[/]"
        return f"{line} [dim]{escape(words)}[/]" if words else line

    def lines(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._console.print(line, highlight=False)

    def timeline(
        self, story: Story, number: str, entries: Sequence[intake_pb2.TimelineEntry]
    ) -> None:
        """Prints a case's history; the many lines about messages are only counted."""
        shown = [entry for entry in entries if entry.source != "notify"]
        title = f"{number} {story.title.of(self._language)}"
        self._console.print()
        self._console.print(tables.timeline(self._look, number, shown, title=escape(title)))
        count = sum(entry.type == "DeliverySent" for entry in entries)
        self._console.print(f"[dim]  {_MESSAGES[self._index]} {count}[/]")

    def ledger(self, rows: Sequence[intake_pb2.LedgerRow]) -> None:
        self._console.print()
        self._console.print(tables.ledger(self._look, rows, solved_only=False))

    def verdicts(self, verdicts: Sequence[Verdict]) -> None:
        words = self._look.words
        table = Table(title=_SUMMARY[self._index], box=box.SIMPLE_HEAD, title_justify="left")
        for key in ("case", "number", "state", "level", "reopened", "clocks", "basis", "detail"):
            table.add_column(words(key) if key != "clocks" else words("breaches"), overflow="fold")
        for one in verdicts:
            case = one.case
            good = not one.differences
            table.add_row(
                escape(one.story.title.of(self._language)),
                case.number,
                words.value(intake_pb2.CaseState.DESCRIPTOR, case.state),
                str(case.level),
                str(case.reopen_count),
                ", ".join(
                    words("grace") if kind == GRACE else words.named("CLOCK_KIND", kind)
                    for kind in one.breached
                ),
                words.value(intake_pb2.ConfirmationBasis.DESCRIPTOR, case.confirmation_basis),
                f"[green]✓ {_AS_TOLD[self._index]}[/]"
                if good
                else f"[red]✗ {escape('; '.join(one.differences))}[/]",
            )
        self._console.print(table)

    def end(self, sentence: str, *, good: bool) -> None:
        self._console.print(f"[{'green' if good else 'red'}]{escape(sentence)}[/]")
