"""Hands the window over between shifts, and draws cases for a second call."""

from chassis.errors import FieldViolation, Refused
from chassis.ids import new_id
from chassis.work import Receipt, Work
from services.intake.convert import shifts as convert
from services.intake.domain import handover, samples, visibility
from services.intake.domain.commands import DrawSample, PrepareHandover
from services.intake.domain.times import check_order, end_of_day, local_day, start_of_day
from services.intake.handlers.sites import check_site
from services.intake.store import directory
from services.intake.store import handover as handovers
from services.intake.store import samples as sample_store

NOBODY = handover.reckon({}, 0)


async def prepare_handover(work: Work, command: PrepareHandover) -> Receipt:
    """Writes the snapshot, signed by whoever prepares it; the outcome is its id."""
    site = await check_site(work.connection, work.actor, command.site_id)
    await _check_incoming(work, command)
    subject = f"handovers/{command.site_id}"
    await work.lock(command.site_id, subject)
    last = await handovers.load_last(work.connection, command.site_id)
    if last is not None and last["incoming_sign_time"] is None and not work.actor.has("DIRECTOR"):
        raise Refused("HANDOVER_UNSIGNED", incoming=last["incoming"])
    before = (
        frozenset[str]()
        if last is None
        else await handovers.list_left_open(work.connection, last["handover_id"])
    )
    standing, seen = await handovers.list_standing(work.connection, command.site_id, before)
    today = local_day(work.time, site.zone)
    lines = handover.entries(standing, before, seen, work.time, today)
    made = handovers.Handover(
        handover_id=new_id(),
        site_id=command.site_id,
        sequence=1 if last is None else last["sequence"] + 1,
        outgoing=work.actor.subject,
        prepare_time=work.time,
        incoming=command.incoming,
        incoming_sign_time=None,
        note=command.note,
        incoming_note="",
        reckoning=NOBODY,
        at_risk=sum(line.at_risk for line in lines),
        promised_today=sum(line.promised_today for line in lines),
    )
    await handovers.insert_handover(work.connection, made, lines, len(before))
    version = work.record(subject, command.site_id, convert.handover_prepared(made, lines))
    return Receipt(subject, version, outcome=made.handover_id)


async def sign_handover(work: Work, handover_id: str, note: str) -> Receipt:
    """Writes the signature of whoever takes over; signed already, nothing is new."""
    found = await handovers.load_handover(work.connection, handover_id)
    if found is None:
        raise Refused("HANDOVER_NOT_FOUND", handover_id=handover_id)
    if work.actor.subject != found.incoming:
        raise Refused("NOT_THE_INCOMING", incoming=found.incoming)
    subject = f"handovers/{found.site_id}"
    await work.lock(found.site_id, subject)
    again = await handovers.load_handover(work.connection, handover_id)
    if again is None or again.incoming_sign_time is not None:
        return Receipt(subject, work.version(subject), outcome=handover_id)
    await handovers.sign_handover(work.connection, handover_id, work.time, note)
    fact = convert.handover_signed(found, work.time)
    return Receipt(subject, work.record(subject, found.site_id, fact), outcome=handover_id)


async def draw_sample(work: Work, command: DrawSample) -> Receipt:
    """Writes a sample; the outcome is its id."""
    site = await check_site(work.connection, work.actor, command.site_id)
    check_order(command.start_date, command.end_date)
    start = start_of_day(command.start_date, site.zone)
    end = end_of_day(command.end_date, site.zone)
    callers = visibility.behind(work.actor.subject, work.actor.acting_for)
    closed = await sample_store.list_drawable(work.connection, command.site_id, start, end, callers)
    if not closed:
        raise Refused("SAMPLE_EMPTY")
    drawn = samples.draw(closed, command.count, command.seed)
    sample = sample_store.Sample(
        sample_id=new_id(),
        site_id=command.site_id,
        start_date=command.start_date,
        end_date=command.end_date,
        seed=command.seed,
        asked_count=command.count,
        population_count=len(closed),
        drawn_by=work.actor.subject,
        draw_time=work.time,
    )
    subject = f"sample/{sample.sample_id}"
    work.create(command.site_id, subject)
    await sample_store.insert_sample(work.connection, sample, drawn)
    version = work.record(subject, command.site_id, convert.sample_drawn(sample, drawn))
    return Receipt(subject, version, outcome=sample.sample_id)


async def _check_incoming(work: Work, command: PrepareHandover) -> None:
    names = await directory.list_names(work.connection, command.site_id, [command.incoming])
    problem = "" if ("person", command.incoming) in names else "is nobody of the site's directory"
    if command.incoming == work.actor.subject:
        problem = "is the one who goes"
    if problem:
        raise Refused(
            "INVALID_FIELD", fields=[FieldViolation("incoming", problem)], field="incoming"
        )
