"""Handovers between shifts, and samples for callbacks."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from backstop.intake.v1 import intake_handover_pb2, intake_life_pb2, intake_pb2
from ctl import times
from ctl.tables.look import Look, add_pair, pairs, styled


def handover(look: Look, one: intake_handover_pb2.ShiftHandover) -> list[RenderableType]:
    """Returns a handover: the reckoning, who signed, and the cases."""
    words, sums = look.words, one.reckoning
    table = pairs()
    add_pair(table, words("handover"), f"{one.sequence} · {one.handover_id}")
    add_pair(table, words("outgoing"), _signed(look, one.outgoing, one.outgoing_sign_time))
    add_pair(table, words("incoming"), _signed(look, one.incoming, one.incoming_sign_time))
    came = f"{sums.open_before} + {sums.registered} + {sums.reopened}"
    reckoning = f"{came} - {sums.closed} = {sums.open_now}"
    add_pair(table, words("reckoning"), styled(reckoning, "" if sums.balanced else "red"))
    add_pair(table, words("at_risk"), str(one.at_risk_count))
    add_pair(table, words("promised_today"), str(one.promised_today_count))
    add_pair(table, words("note"), escape(" / ".join(filter(None, (one.note, one.incoming_note)))))
    if not one.cases:
        return [table]
    cases = look.table(
        look.words("cases"),
        "number", "change", "state", "due", "accountable", "text",
        wide="text",
    )  # fmt: skip
    for case in one.cases:
        changes = intake_handover_pb2.HandoverChange.DESCRIPTOR
        told = (
            ("⚠", case.at_risk),
            ("✓", case.promised_today),
            ("‼", case.hazard),
            ("!", case.urgent),
        )
        marks = "".join(mark for mark, is_so in told if is_so)
        cases.add_row(
            case.number,
            f"{words.value(changes, case.change)}{marks}",
            words.value(intake_pb2.CaseState.DESCRIPTOR, case.state),
            look.due(case.due_time),
            look.who(case.accountable),
            escape(case.text),
        )
    return [table, cases, *look.left_off(one.cases_left_off)]


def _signed(look: Look, person: str, time: object) -> str:
    return " · ".join(filter(None, (look.who(person), look.time(time))))  # type: ignore[arg-type] # a Timestamp, set or not


def handovers(look: Look, rows: Iterable[intake_handover_pb2.ShiftHandover]) -> Table:
    """Returns a list of handovers."""
    table = look.table(
        look.words("handover"), "sequence", "time", "outgoing", "incoming", "handover_id"
    )
    for one in rows:
        table.add_row(
            str(one.sequence),
            look.time(one.prepare_time),
            _signed(look, one.outgoing, one.outgoing_sign_time),
            _signed(look, one.incoming, one.incoming_sign_time),
            one.handover_id,
        )
    return table


def sample(look: Look, one: intake_life_pb2.CallbackSample) -> list[RenderableType]:
    """Returns a sample: what was declared beside what was heard."""
    words = look.words
    table = pairs()
    add_pair(table, words("sample"), one.sample_id)
    add_pair(table, words("period"), _period(one))
    add_pair(table, words("drawn"), f"{len(one.cases)}/{one.population_count}")
    add_pair(table, words("reached_of_sample"), str(one.reached_count))
    add_pair(table, words("agreeing"), str(one.agreeing_count))
    cases = look.table(
        words("cases"), "number", "stratum", "declared", "heard", "text", wide="text"
    )
    grade = intake_pb2.Grade.DESCRIPTOR
    for case in one.cases:
        declared = (
            words.value(intake_pb2.Outcome.DESCRIPTOR, case.declared_outcome),
            words.value(grade, case.declared_grade),
        )
        heard = words.value(grade, case.callback.grade) if case.HasField("callback") else ""
        cases.add_row(
            case.number,
            words.value(intake_life_pb2.SampleStratum.DESCRIPTOR, case.stratum),
            " · ".join(filter(None, declared)),
            heard,
            escape(case.callback.words),
        )
    return [table, cases]


def samples(look: Look, rows: Iterable[intake_life_pb2.CallbackSample]) -> Table:
    """Returns a list of samples."""
    table = look.table(look.words("sample"), "time", "period", "drawn", "actor", "sample_id")
    for one in rows:
        table.add_row(
            look.time(one.draw_time),
            _period(one),
            f"{one.asked_count}/{one.population_count}",
            look.who(one.drawn_by),
            one.sample_id,
        )
    return table


def _period(one: intake_life_pb2.CallbackSample) -> str:
    return f"{times.show_date(one.start_date)} – {times.show_date(one.end_date)}"
