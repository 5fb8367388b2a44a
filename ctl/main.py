"""The root command: options that hold for every command, and how the commands hang together."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ctl import settings
from ctl.commands import (
    answers,
    ask,
    case,
    deadline,
    directory,
    duty,
    ends,
    figures,
    finding,
    follow_up,
    life,
    operations,
    outreach,
    reading,
    register,
    route,
    samples,
    shifts,
    site,
    sweep,
    task_follow_up,
    terms,
    window,
    word,
    work_order,
)
from ctl.shell import Shell

_EPILOG = (
    "退出码 · exit codes: 0 办成 done; 1 未予办理 refused; 2 命令有误 usage; "
    "3 暂时无法办理，可用同一 --request-id 重复 unavailable, safe to repeat; "
    "4 有发现(fsck、coverage、roster gaps、fallbacks、outreach overview、import)findings; "
    "5 系统内部错误 fault; 130 中断 interrupted"
)

app = typer.Typer(
    name="backstopctl",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    epilog=_EPILOG,
    help="“兜底窗口”命令行 · the backstop window from a terminal",
)
case_app = typer.Typer(no_args_is_help=True, help="诉求 · cases")
case_app.command("register")(register.register)
case_app.command("show")(reading.show)
case_app.command("list")(reading.list_cases)
case_app.command("timeline")(reading.timeline)
case_app.command("accept")(case.accept)
case_app.command("verify")(case.verify)
case_app.command("reply")(answers.reply)
case_app.command("plan")(answers.plan)
case_app.command("progress")(answers.progress)
case_app.command("feedback")(answers.feedback)
case_app.command("escalate")(case.escalate)
case_app.command("resolve")(case.resolve)
case_app.command("close")(case.close)
case_app.command("track")(word.track)
case_app.command("confirm")(word.confirm)
case_app.command("reject")(word.reject)
case_app.command("promise")(follow_up.promise)
case_app.command("callback")(follow_up.callback)
case_app.command("flag")(follow_up.flag)
case_app.command("amend")(life.amend)
case_app.command("comment")(life.comment)
case_app.command("meeting")(life.meeting)
case_app.command("link")(life.link)
case_app.command("merge")(life.merge)
case_app.command("split")(life.split)
case_app.command("code")(life.reissue)
case_app.command("withdraw")(ends.withdraw)
case_app.command("reopen")(ends.reopen)
case_app.command("refer")(ends.refer)
case_app.command("referred")(ends.referred)
case_app.command("review")(ends.review)
case_app.command("explain")(route.explain)
case_app.command("handlers")(route.handlers)
case_app.command("assign")(route.assign)
case_app.command("recuse")(route.recuse)
case_app.command("down")(route.down)
case_app.command("time")(route.attributed_time)
work_order.app.command("reopen")(task_follow_up.reopen)
work_order.app.command("meeting")(task_follow_up.meeting)
work_order.app.command("ask")(task_follow_up.ask)
work_order.app.command("decide")(task_follow_up.decide)
work_order.app.command("survey")(task_follow_up.survey)
app.add_typer(case_app, name="case")
app.add_typer(work_order.app, name="work-order")
app.add_typer(task_follow_up.proposal_app, name="proposal")
app.add_typer(sweep.app, name="sweep")
app.add_typer(outreach.app, name="outreach")
app.command("fallbacks")(route.fallbacks)
app.add_typer(directory.app, name="directory")
app.add_typer(directory.template_app, name="template")
app.add_typer(duty.absence_app, name="absence")
app.add_typer(duty.roster_app, name="roster")
app.command("instruct")(work_order.instruct)
app.command("suggest")(finding.suggest)
app.command("inbox")(finding.inbox)
app.command("count")(finding.count)
app.command("watch")(finding.watch)
app.command("ledger")(ask.ledger)
app.command("measures")(figures.measures)
app.command("report")(figures.report)
app.command("solved")(figures.solved)
app.add_typer(shifts.handover_app, name="handover")
app.add_typer(samples.sample_app, name="sample")
app.add_typer(window.slips_app, name="slips")
app.add_typer(window.lexicon_app, name="lexicon")
app.add_typer(window.rules_app, name="rules")
app.command("clocks")(ask.clocks)
app.add_typer(deadline.app, name="deadline")
app.add_typer(terms.calendar_app, name="calendar")
app.add_typer(terms.policy_app, name="policy")
app.command("coverage")(ask.coverage)
app.command("who")(ask.who)
app.command("deliveries")(ask.deliveries)
app.add_typer(operations.quarantine, name="quarantine")
app.add_typer(operations.relay, name="relay")
app.command("flow")(operations.flow)
app.command("fsck")(operations.check)
app.add_typer(site.app, name="site")
app.add_typer(operations.clock_app, name="clock")

# Options of the root that people write after the command just as well.
_WITH_VALUE = (
    "--instance", "--endpoints", "--token-file", "--as", "--site", "--lang", "--request-id",
)  # fmt: skip
_FLAGS = ("--json",)


@app.callback()
def root(
    context: typer.Context,
    instance: Annotated[
        str, typer.Option("--instance", help="本机实例，默认 up · local instance")
    ] = "",
    endpoints: Annotated[str, typer.Option("--endpoints", help="intake=host:port,… 或 JSON")] = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="令牌文件 · file with the token")
    ] = None,
    acting_as: Annotated[
        str, typer.Option("--as", metavar="NAME", help="实例的令牌名 · token of the instance")
    ] = "",
    site_id: Annotated[str, typer.Option("--site", help="矿 · site id")] = "",
    language: Annotated[
        str, typer.Option("--lang", envvar="BACKSTOPCTL_LANG", help="zh | en")
    ] = "zh",
    json: Annotated[bool, typer.Option("--json", help="输出 JSON · for scripts")] = False,
    request_id: Annotated[
        str,
        typer.Option(
            "--request-id", help="重复同一操作时用同一编号 · the same id for a repetition"
        ),
    ] = "",
) -> None:
    """Makes the shell that the commands run in."""
    if language not in ("zh", "en"):
        raise typer.BadParameter("zh | en", param_hint="--lang")

    def load() -> settings.Settings:
        return settings.load(
            os.environ,
            instance=instance,
            token_file=token_file,
            acting_as=acting_as,
            site=site_id,
            endpoints=endpoints,
        )

    context.obj = Shell(load=load, language=language, json=json, request_id=request_id)


# Groups of a receipt code, as it is printed.
_GROUP = re.compile(r"[\d\s\-\u2010-\u2015\uff0d]+")
_CODE_DIGITS = 16


def join_codes(arguments: Sequence[str]) -> list[str]:
    """Joins the groups of a code that was pasted without quotes: "--code 1234 5678 …"."""
    found: list[str] = []
    left = list(arguments)
    while left:
        found.append(left.pop(0))
        if found[-1] == "--":
            return [*found, *left]
        if found[-1] == "--code" and left:
            found.append(left.pop(0))
        elif not found[-1].startswith("--code="):
            continue
        while left and _GROUP.fullmatch(left[0]) and _digits(found[-1]) < _CODE_DIGITS:
            found[-1] += left.pop(0)
    return found


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def hoist(arguments: Sequence[str]) -> list[str]:
    """Moves the root's options to the front, so that they may stand anywhere before a "--"."""
    front: list[str] = []
    rest: list[str] = []
    left = join_codes(arguments)
    while left:
        word_ = left.pop(0)
        if word_ == "--":
            rest += [word_, *left]
            break
        name = word_.partition("=")[0]
        if word_ in _FLAGS or (name in _WITH_VALUE and "=" in word_):
            front.append(word_)
        elif word_ in _WITH_VALUE and left:
            front += [word_, left.pop(0)]
        else:
            rest.append(word_)
            # What follows another option may be its value, whatever it looks like.
            if word_.startswith("--") and "=" not in word_ and left and left[0] not in _FLAGS:
                following = left[0].partition("=")[0]
                if following not in _WITH_VALUE:
                    rest.append(left.pop(0))
    return [*front, *rest]


def main() -> None:
    """Runs the command line; leaves with the codes of `ctl.exits`."""
    # gRPC's own log is for those who debug gRPC.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    app(args=hoist(sys.argv[1:]), prog_name="backstopctl")
