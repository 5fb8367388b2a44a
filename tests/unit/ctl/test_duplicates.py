"""The hint that a new case repeats one on file: short, with a way to act, and never in the way."""

from typing import Any, cast

import grpc
import pytest

from backstop.intake.v1 import intake_pb2
from backstop.intake.v1.intake_registration_pb2 import DuplicateSuggestion, RegisterCaseRequest
from ctl.commands import duplicates
from ctl.commands.duplicates import hint, likely
from ctl.connection import Client, Connections
from ctl.failures import Answer, Failure
from ctl.names import Names
from ctl.shell import Session
from ctl.words import Words

ZH, EN = Words("zh"), Words("en")
NAMES = Names(units={"bathhouse": "澡堂队"})
NEW = intake_pb2.Case(case_id="new", number="SAM-20261122-0009", site_id="sample")


def _alike(case_id: str, **fields: Any) -> DuplicateSuggestion:
    values: dict[str, Any] = {
        "number": f"SAM-{case_id}",
        "place": "南风井澡堂",
        "text": "淋浴头坏了六个",
        "state": intake_pb2.CASE_STATE_IN_PROGRESS,
    } | fields
    return DuplicateSuggestion(case_id=case_id, **values)


class _Session:
    """Has the suite's words, and hears what is said."""

    words = ZH

    def __init__(self) -> None:
        self.said: list[str] = []
        self.noted: list[str] = []

    async def names(self, _: str) -> Names:
        return NAMES

    async def cases(self, case_ids: Any) -> dict[str, intake_pb2.Case]:
        return {case_id: intake_pb2.Case(unit_id="bathhouse") for case_id in case_ids}

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def note(self, sentence: str) -> None:
        self.noted.append(sentence)


async def _shown(case: intake_pb2.Case, *found: DuplicateSuggestion) -> str:
    session = _Session()
    await duplicates.show(cast(Session, session), case, found)
    return "\n".join(session.said)


def test_a_hint_has_number_place_first_words_and_what_to_do() -> None:
    lines = hint(ZH, NAMES, NEW.number, [_alike("1"), _alike("2", text="长\n" * 30)], {})
    assert lines[1] == "  SAM-1 · 南风井澡堂 · 办理中 · 淋浴头坏了六个"
    assert lines[2].endswith("长 长 …")
    assert len(lines[2]) < 60
    assert lines[3].endswith(f"backstopctl case merge {NEW.number} SAM-1 --reason 同一件事")
    assert lines[4].endswith(f"backstopctl case link {NEW.number} SAM-1 --reason 只是相关")
    assert "case merge" in hint(EN, NAMES, NEW.number, [_alike("1")], {})[2]


def test_nothing_alike_is_nothing_said() -> None:
    assert hint(ZH, NAMES, NEW.number, [], {}) == []


async def test_at_most_three_are_shown() -> None:
    shown = await _shown(NEW, *(_alike(str(n)) for n in range(1, 6)))
    assert "SAM-3" in shown
    assert "SAM-4" not in shown


async def test_a_repeated_registration_is_not_alike_itself_nor_what_it_is_linked_to() -> None:
    linked = intake_pb2.Case(
        case_id="new", number=NEW.number, links=[intake_pb2.Link(case_id="known")]
    )
    assert await _shown(linked, _alike("new"), _alike("known")) == ""


async def test_where_a_case_has_no_place_its_unit_is_told() -> None:
    assert "SAM-1 · 澡堂队 · " in await _shown(NEW, _alike("1", place=""))


async def test_that_nobody_could_say_is_told() -> None:
    session = _Session()
    await duplicates.show(cast(Session, session), NEW, None)
    assert session.said == []
    assert "登记不受影响" in session.noted[0]


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL])
async def test_a_suggestion_that_fails_does_not_fail_the_registration(
    code: grpc.StatusCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    async def call(_: Client, service: str, method: Any, request: Any, **options: Any) -> Any:
        asked.append((request, options))
        raise Failure(Answer("intake", code, "x"))

    monkeypatch.setattr(Client, "call", call)
    session = _Session()
    session.client = Client(Connections({"intake": "127.0.0.1:9"}))  # type: ignore[attr-defined]  # of a real session
    request = RegisterCaseRequest(site_id="sample", text="水凉", unit_id="bathhouse")
    assert await likely(cast(Session, session), request) is None
    [(suggest, options)] = asked
    assert (suggest.text, suggest.unit_id) == ("水凉", "bathhouse")
    assert not suggest.HasField("occurred_time")
    # A hint isn't worth a wait.
    assert options["timeout"] <= 2
    assert options["repeat"] is False
    # The clerk hasn't seen them: nothing to be counted as overruled.
    assert not request.suggested_duplicates


async def test_whoever_may_not_look_is_not_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(*_: Any, **__: Any) -> Any:
        code = grpc.StatusCode.PERMISSION_DENIED
        raise Failure(Answer("intake", code, "x", reason="PERMISSION_DENIED"))

    monkeypatch.setattr(Client, "call", call)
    session = _Session()
    session.client = Client(Connections({"intake": "127.0.0.1:9"}))  # type: ignore[attr-defined]  # of a real session
    assert await likely(cast(Session, session), RegisterCaseRequest()) == []
