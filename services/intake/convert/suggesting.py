"""What is suggested while an appeal is typed in → its messages."""

from collections.abc import Mapping, Sequence

from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.convert import to_timestamp
from services.intake.convert.enums import to_number
from services.intake.domain.duplicates import Likely
from services.intake.domain.lexicon import Suggestion
from services.intake.store.suggesting import OnFile


def category(suggestion: Suggestion, name: str) -> rpc.CategorySuggestion:
    return rpc.CategorySuggestion(
        category=suggestion.category_id,
        category_name=name,
        score=suggestion.score,
        words=[
            rpc.DecidingWord(word=one.word, found=one.found, weight=one.weight)
            for one in suggestion.words
        ],
    )


def duplicates(
    likely: Sequence[Likely], on_file: Mapping[str, OnFile]
) -> list[rpc.DuplicateSuggestion]:
    return [_duplicate(one, on_file[one.case_id]) for one in likely]


def _duplicate(likely: Likely, found: OnFile) -> rpc.DuplicateSuggestion:
    case = found.candidate
    return rpc.DuplicateSuggestion(
        case_id=case.case_id,
        number=found.number,
        score=likely.score,
        text=case.text,
        place=case.place,
        state=to_number(found.state),
        occurred_time=to_timestamp(case.occurred_time),
        shared_words=likely.shared,
    )
