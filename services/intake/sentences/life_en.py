"""English: how a case begins, ends, begins again, and what hangs on it beside its answers."""

from collections.abc import Mapping
from typing import Any

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_pb2
from services.intake.sentences.words import Sentence, Words


def _case_registered(m: intake.CaseRegistered, w: Words) -> str:
    where = w.post(m.post_id) if m.post_id else m.place or w.unit(m.unit_id)
    ties = dict.fromkeys(w.label(link, "relation") for link in m.links)
    linked = f"; linked: {', '.join(ties)}" if ties else ""
    late = ", entered late" if m.late_entry else ""
    shown = f"; attachments: {len(m.attachments)}" if m.attachments else ""
    ref = f"; reference elsewhere: {m.external_ref}" if m.external_ref else ""
    by = f"{w.label(m, 'channel')} ({where})"
    return f"{w.who(m.receiver)} registered case {m.number} by {by}{late}{linked}{ref}{shown}."


def _case_amended(m: intake.CaseAmended, w: Words) -> str:
    changes = "; ".join(_change(one, w) for one in m.amendments)
    return f"{w.who(m.amended_by)} amended what was registered ({changes}): {m.reason}"


def _change(one: marks.Amendment, w: Words) -> str:
    name, before, now = w.field(one.field), *w.amended(one)
    # What was said, and about whom, stands on the file.
    if not (before or now):
        return name
    return f'{name} from "{before}" to "{now}"' if before else f'{name} to "{now}"'


def _case_withdrawn(m: intake.CaseWithdrawn, w: Words) -> str:
    effect = "" if m.counts else ", counts only after a callback"
    return f"The reporter took it back ({w.label(m, 'basis')}{effect}): {m.reason}"


def _case_reopened(m: intake.CaseReopened, w: Words) -> str:
    before = f"closed before as {w.label(m, 'previous_outcome')}"
    again = f"reopening {m.reopen_count}"
    if m.basis == intake_pb2.CONFIRMATION_BASIS_UNSPECIFIED:
        return f"{w.actor()} had it worked on again, {before}; {again}: {m.reason}"
    asked = f"The reporter had it worked on again ({w.label(m, 'basis')})"
    return f"{asked}, {before}; {again}: {m.reason}"


def _case_referred(m: intake.CaseReferred, w: Words) -> str:
    told = m.referral
    to = f"{told.body} (its reference: {told.reference})"
    return f"{w.who(told.referred_by)} referred it to {to}: {told.reason}"


def _referral_resulted(m: intake.CaseReferralResulted, w: Words) -> str:
    told = m.referral
    return (
        f"{w.who(told.result_recorded_by)} recorded what came of it at {told.body}: {told.result}"
    )


def _case_reviewed(m: intake.CaseReviewed, w: Words) -> str:
    told = m.review
    by = f"verified independently by {w.who(told.verified_by)}"
    return (
        f"{w.who(told.reviewed_by)} reviewed it ({by}): "
        f"{w.label(told, 'decision')}. {told.findings}"
    )


def _case_linked(m: intake.CaseLinked, w: Words) -> str:
    number = w.case(m.link.case_id)
    other = f"case {number}" if number else "another case"
    what = "linked it to" if m.set else "took off its link to"
    return f"{w.actor()} {what} {other} ({w.label(m.link, 'relation')}): {m.reason}"


def _case_split(m: intake.CaseSplit, w: Words) -> str:
    number = w.case(m.new_case_id)
    other = f"case {number}" if number else "a case of its own"
    return f"{w.who(m.split_by)} split a second matter off as {other}: {m.reason}"


def _case_commented(m: intake.CaseCommented, w: Words) -> str:
    told = m.comment
    if told.by_reporter:
        return f"The reporter added: {told.text}"
    if told.visibility == marks.COMMENT_VISIBILITY_REPORTER:
        return f"{w.who(told.written_by)} wrote to the reporter: {told.text}"
    # The history is read by reporters, too; the words are on the file, for those who may.
    return f"{w.who(told.written_by)} wrote an internal comment."


def _meeting_recorded(m: intake.CaseMeetingRecorded, w: Words) -> str:
    told = m.meeting
    again = f"; next on {w.day(told.next_date)}" if told.HasField("next_date") else ""
    met = f"{w.who(told.chaired_by)} chaired a coordination meeting"
    return f"{met} ({w.units(told.unit_ids)}{again}): {told.decisions}"


def _code_reissued(m: intake.CaseCodeReissued, w: Words) -> str:
    code = f"receipt code {m.attempt} in place of the one before"
    return f"{w.who(m.issued_by)} issued {code}: {m.reason}"


def _master_moved(m: intake.CaseMasterMoved, w: Words) -> str:
    number = w.case(m.master_case_id)
    master = (
        f"Case {number}, with which it was merged," if number else "The case it was merged with"
    )
    if m.master_state == intake_pb2.CASE_STATE_RESOLVED:
        return f"{master} is resolved; the reporter is asked. {m.resolution}"
    outcome = f" as {w.label(m, 'outcome')}" if m.outcome else ""
    return f"{master} is {w.label(m, 'master_state')}{outcome} now."


def _case_called_back(m: intake.CaseCalledBack, w: Words) -> str:
    words = f": {m.words}" if m.words else "."
    sampled = " for a sample" if m.sample_id else ""
    if m.reached:
        grade = f", {w.label(m, 'grade')}" if m.grade else ""
        return f"{w.who(m.called_by)} called the reporter about the result{sampled}{grade}{words}"
    days = "" if sampled else f" (days in vain so far: {m.unanswered_days})"
    return f"{w.who(m.called_by)} called the reporter{sampled} in vain{days}{words}"


def _case_confirmed(m: intake.CaseConfirmed, w: Words) -> str:
    words = f' "{m.words}"' if m.words else ""
    effect = "" if m.counts else ", counts only after a callback"
    number = w.case(m.master_case_id)
    of = ""
    if m.master_case_id:
        of = f" of case {number}" if number else " of the case it was merged with"
    return (
        f"The reporter confirmed the result{of}, {w.label(m, 'grade')} "
        f"({w.label(m, 'basis')}{effect}).{words}"
    )


def _case_rejected(m: intake.CaseRejected, w: Words) -> str:
    return (
        f"The reporter rejected the result; reopening {m.reopen_count} "
        f"({w.label(m, 'basis')}): {m.reason}"
    )


def _case_closed(m: intake.CaseClosed, w: Words) -> str:
    number = w.case(m.master_case_id)
    master = f" of case {number}" if number else ""
    remark = f" {m.remark}" if m.remark else ""
    appeal = f" How to turn to the group: {m.appeal_words}" if m.appeal_words else ""
    return f"{w.actor()} struck it off as {w.label(m, 'outcome')}{master}.{remark}{appeal}"


def _lexicon_published(m: intake.LexiconPublished, _: Words) -> str:
    return f"Version {m.version} of the lexicon was published; words: {len(m.lexicon.words)}."


def _rules_published(m: intake.WindowRulesPublished, _: Words) -> str:
    return f"Version {m.version} of the window's rules was published."


def _slip_pad_issued(m: intake.SlipPadIssued, w: Words) -> str:
    numbers = f"{m.first_slip_number} to {m.last_slip_number}"
    return f"{w.who(m.issued_by)} issued a pad of slips, {numbers}."


def _sample_drawn(m: intake.CallbackSampleDrawn, w: Words) -> str:
    days = f"from {w.day(m.start_date)} to {w.day(m.end_date)}"
    drawn = f"{len(m.case_ids)} of {m.population_count} cases closed"
    return f"{w.actor()} drew {drawn} {days} for callbacks."


def _handover_prepared(m: intake.ShiftHandoverPrepared, w: Words) -> str:
    counts = f"open: {m.open_count}, at risk: {m.at_risk_count}"
    return f"{w.who(m.outgoing)} handed the shift over to {w.who(m.incoming)}; {counts}."


def _handover_signed(m: intake.ShiftHandoverSigned, w: Words) -> str:
    return f"{w.who(m.incoming)} signed for the shift."


SENTENCES: Mapping[Any, Sentence] = {
    intake.CaseRegistered: _case_registered,
    intake.CaseAmended: _case_amended,
    intake.CaseWithdrawn: _case_withdrawn,
    intake.CaseReopened: _case_reopened,
    intake.CaseReferred: _case_referred,
    intake.CaseReferralResulted: _referral_resulted,
    intake.CaseReviewed: _case_reviewed,
    intake.CaseLinked: _case_linked,
    intake.CaseSplit: _case_split,
    intake.CaseCommented: _case_commented,
    intake.CaseMeetingRecorded: _meeting_recorded,
    intake.CaseCodeReissued: _code_reissued,
    intake.CaseMasterMoved: _master_moved,
    intake.CaseCalledBack: _case_called_back,
    intake.CaseConfirmed: _case_confirmed,
    intake.CaseRejected: _case_rejected,
    intake.CaseClosed: _case_closed,
    intake.LexiconPublished: _lexicon_published,
    intake.WindowRulesPublished: _rules_published,
    intake.SlipPadIssued: _slip_pad_issued,
    intake.CallbackSampleDrawn: _sample_drawn,
    intake.ShiftHandoverPrepared: _handover_prepared,
    intake.ShiftHandoverSigned: _handover_signed,
}
