"""The hint that a new case may repeat one on file: after registering, and never in its way."""

from collections.abc import Mapping, Sequence

from backstop.intake.v1 import intake_pb2, intake_registration_pb2
from backstop.intake.v1.intake_registration_pb2 import DuplicateSuggestion
from ctl.failures import Failure
from ctl.names import Names
from ctl.shell import Session
from ctl.words import Words

# Nobody waits longer for a hint.
_SUGGESTING_SECONDS = 2.0
_MOST = 3
_FIRST_WORDS = 24


async def likely(
    session: Session, request: intake_registration_pb2.RegisterCaseRequest
) -> list[DuplicateSuggestion] | None:
    """Returns the cases that an appeal may repeat, likeliest first; None if nobody could say.

    They aren't recorded as suggested with the registration: the clerk hasn't seen them by then,
    and what nobody could take up would be counted as overruled.
    """
    asked = intake_registration_pb2.SuggestCaseRequest(
        site_id=request.site_id,
        text=request.text,
        place=request.place,
        post_id=request.post_id,
        unit_id=request.unit_id,
        category=request.category,
        occurred_time=request.occurred_time if request.HasField("occurred_time") else None,
    )
    try:
        response = await session.client.call(
            "intake",
            session.client.intake.SuggestCase,
            asked,
            repeat=False,
            timeout=_SUGGESTING_SECONDS,
        )
    except Failure as failure:
        # Reporters don't look through the cases of others.
        return [] if failure.answer.reason == "PERMISSION_DENIED" else None
    return list(response.duplicates)


async def show(
    session: Session, case: intake_pb2.Case, found: Sequence[DuplicateSuggestion] | None
) -> None:
    """Shows at most three cases that a new one may repeat, and what to do if it does."""
    if found is None:
        session.note(session.words("alike_unknown"))
        return
    linked = {link.case_id for link in case.links}
    # A repeated registration finds its own case.
    others = [one for one in found if one.case_id not in {case.case_id, *linked}][:_MOST]
    names = await session.names(case.site_id)
    files = await session.cases(one.case_id for one in others if not one.place)
    for sentence in hint(session.words, names, case.number, others, files):
        session.say(sentence)


def hint(
    words: Words,
    names: Names,
    number: str,
    others: Sequence[DuplicateSuggestion],
    files: Mapping[str, intake_pb2.Case],
) -> list[str]:
    """Returns the lines of a hint; none where nothing is alike.

    `files` are the cases of those whose suggestion has no place: they have a unit or post instead.
    """
    if not others:
        return []
    lines = [words("alike")]
    for one in others:
        file = files.get(one.case_id, intake_pb2.Case())
        place = one.place or names.unit(file.unit_id) or names.post(file.post_id)
        state = words.value(intake_pb2.CaseState.DESCRIPTOR, one.state)
        said = " ".join(one.text.split())
        first = said if len(said) <= _FIRST_WORDS else f"{said[:_FIRST_WORDS]}…"
        lines.append("  " + " · ".join(filter(None, (one.number, place, state, first))))
    for key, command in (("alike_same", "merge"), ("alike_related", "link")):
        told = f"backstopctl case {command} {number} {others[0].number} --reason {words(key)}"
        lines.append(words("alike_do", case=words(key), command=told))
    return lines
