"""A site's rules of the window and its lexicon: versions, refusals, and who hears of them."""

from pathlib import Path
from typing import Any

import pytest

from backstop.intake.v1 import intake_facts_pb2 as facts
from backstop.intake.v1 import intake_registration_pb2 as rpc
from backstop.intake.v1 import intake_rules_pb2 as rules
from backstop.routing.v1 import routing_facts_pb2
from chassis.ids import new_id
from ctl import site_folder
from tests.integration.intake.window import Window

ADMINISTRATOR = "ADMINISTRATOR"
SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "samples" / "yuwu"


def publish_rules(**fields: Any) -> rules.PublishWindowRulesRequest:
    how = {name: fields.pop(name) for name in ("request_id", "base_version") if name in fields}
    return rules.PublishWindowRulesRequest(site_id="yuwu", rules=rules.WindowRules(**fields), **how)


def publish_lexicon(*words: rpc.LexiconWord, **fields: Any) -> rpc.PublishLexiconRequest:
    synonyms = [rpc.Synonyms(words=group) for group in fields.pop("synonyms", ())]
    return rpc.PublishLexiconRequest(
        site_id="yuwu", lexicon=rpc.Lexicon(words=words, synonyms=synonyms), **fields
    )


def word(word: str = "澡堂", category: str = "BATHING", weight: float = 0.0) -> rpc.LexiconWord:
    return rpc.LexiconWord(category=category, word=word, weight=weight)


async def test_rules_begin_with_the_defaults_and_follow_one_another(window: Window) -> None:
    get = rules.GetWindowRulesRequest(site_id="yuwu")
    before = await window.ask(get, "CLERK")
    assert (before.version, before.rules.reopen_days, before.published_by) == (0, 15, "")
    assert not before.HasField("publish_time")
    first = await window.ask(publish_rules(reopen_days=7, hazard_phone="0355-1"), ADMINISTRATOR)
    second = await window.ask(publish_rules(promise_moves=3), ADMINISTRATOR)
    assert (first.version, second.version) == (1, 2)
    after = await window.ask(get, "CLERK")
    assert (after.version, after.rules.promise_moves, after.rules.reopen_days) == (2, 3, 15)
    assert (after.published_by, after.HasField("publish_time")) == ("administrator", True)
    assert await window.facts("rules/yuwu") == ["WindowRulesPublished"] * 2
    (payload,) = await window.rows(
        "SELECT payload FROM journal WHERE subject_id = 'rules/yuwu' AND subject_version = 2"
    )
    fact = facts.WindowRulesPublished.FromString(payload["payload"])
    assert (fact.version, fact.rules.promise_moves, fact.rules.silence_days) == (2, 3, 15)


async def test_what_is_in_force_is_not_published_again(window: Window) -> None:
    for _ in range(2):
        assert (await window.ask(publish_rules(reopen_days=7), ADMINISTRATOR)).version == 1
        assert (await window.ask(publish_lexicon(word()), ADMINISTRATOR)).version == 1
    assert await window.facts("rules/yuwu") == ["WindowRulesPublished"]
    assert await window.facts("lexicon/yuwu") == ["LexiconPublished"]


async def test_whoever_saw_an_older_version_is_told(window: Window) -> None:
    await window.ask(publish_rules(reopen_days=7), ADMINISTRATOR)
    await window.ask(publish_lexicon(word()), ADMINISTRATOR)
    late: list[Any] = [
        publish_rules(reopen_days=8, base_version=2),
        publish_lexicon(word("浴室"), base_version=2),
    ]
    for request in late:
        answer = await window.refused(request, ADMINISTRATOR)
        assert answer.reason == "VERSION_MISMATCH"
        assert (answer.metadata["expected"], answer.metadata["actual"]) == ("2", "1")
        request.base_version = 1
        request.request_id = new_id()
        assert (await window.ask(request, ADMINISTRATOR)).version == 2


async def test_a_repeated_request_is_answered_as_before(window: Window) -> None:
    request = publish_rules(reopen_days=7, request_id=new_id())
    again = rules.PublishWindowRulesRequest.FromString(request.SerializeToString())
    assert (await window.ask(request, ADMINISTRATOR)).version == 1
    await window.ask(publish_rules(reopen_days=9), ADMINISTRATOR)
    assert (await window.ask(again, ADMINISTRATOR)).version == 1
    assert (await window.ask(publish_rules(), ADMINISTRATOR)).version == 3


async def test_a_lexicon_is_read_as_it_was_published(window: Window) -> None:
    get = rpc.GetLexiconRequest(site_id="yuwu")
    before = await window.ask(get, "LEADER")
    assert (before.version, before.lexicon) == (0, rpc.Lexicon())
    request = publish_lexicon(word(), word("工资", "OTHER", -2.5), synonyms=[["澡堂", "浴室"]])
    await window.ask(request, ADMINISTRATOR)
    found = await window.ask(get, "LEADER")
    assert found.version == 1
    # A weight that isn't said is 1.
    assert [(one.word, one.weight) for one in found.lexicon.words] == [("澡堂", 1), ("工资", -2.5)]
    assert found.lexicon.synonyms == request.lexicon.synonyms


async def test_a_faulty_lexicon_names_every_fault_by_its_place(window: Window) -> None:
    request = publish_lexicon(
        word(),
        word("澡堂！"),
        word("……"),
        word("水", "NOWHERE"),
        synonyms=[["花洒", "喷头"], ["喷头", "莲蓬头"]],
    )
    answer = await window.refused(request, ADMINISTRATOR, language="en")
    assert answer.reason == "LEXICON_INVALID"
    assert set(answer.fields) == {
        "lexicon.words[1].word",
        "lexicon.words[2].word",
        "lexicon.words[3].category",
        "lexicon.synonyms[1].words",
    }
    assert "+1" in answer.metadata["problem"]
    assert await window.facts("lexicon/yuwu") == []


async def test_an_unknown_category_alone_is_named_as_that(window: Window) -> None:
    request = publish_lexicon(word(), word("食堂", "DINING"))
    answer = await window.refused(request, ADMINISTRATOR)
    assert answer.reason == "CATEGORY_UNKNOWN"
    assert answer.metadata == {"category": "DINING", "site_id": "yuwu"}
    assert list(answer.fields) == ["lexicon.words[1].category"]


async def test_an_empty_lexicon_and_the_largest_are_taken(window: Window) -> None:
    assert (await window.ask(publish_lexicon(), ADMINISTRATOR)).version == 1
    largest = publish_lexicon(*(word(f"第{n}个词", weight=1.5) for n in range(5_000)))
    assert (await window.ask(largest, ADMINISTRATOR)).version == 2
    request = rpc.SuggestCaseRequest(site_id="yuwu", text="第四千个词，第4321个词")
    (best,) = (await window.ask(request, "CLERK")).categories
    assert "第4321个词" in {one.word for one in best.words}


@pytest.mark.parametrize(
    "request_",
    [
        publish_lexicon(*(word(f"词{n}") for n in range(5_001))),
        publish_lexicon(word("长" * 31)),
        publish_lexicon(word(weight=10.5)),
        publish_lexicon(word(weight=float("nan"))),
        publish_lexicon(synonyms=[["独"]]),
        publish_rules(reopen_days=366),
        publish_rules(hazard_phone="快来"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(window: Window, request_: Any) -> None:
    answer = await window.refused(request_, ADMINISTRATOR)
    assert answer.reason in {"INVALID_FIELD", "LEXICON_INVALID"}


async def test_the_samples_are_taken_as_often_as_they_are_loaded(window: Window) -> None:
    folder = site_folder.read(SAMPLE)
    assert folder.rules is not None
    assert folder.lexicon is not None
    await window.tell(
        "routing",
        "directory/yuwu",
        "yuwu",
        routing_facts_pb2.DirectoryPublished(directory=folder.directory.directory),
    )
    for _ in range(2):
        folder.rules.request_id = folder.lexicon.request_id = new_id()
        assert (await window.ask(folder.rules, ADMINISTRATOR)).version == 1
        assert (await window.ask(folder.lexicon, ADMINISTRATOR)).version == 1


async def test_another_site_is_unknown(window: Window) -> None:
    requests: list[Any] = [
        publish_rules(),
        publish_lexicon(),
        rules.GetWindowRulesRequest(),
        rpc.GetLexiconRequest(),
        rpc.IssueSlipPadRequest(prefix="A", count=1),
    ]
    for site_id in ("other", "nowhere"):
        for request in requests:
            request.site_id = site_id
            if "request_id" in request.DESCRIPTOR.fields_by_name:
                request.request_id = new_id()
            assert (await window.refused(request, ADMINISTRATOR)).reason == "SITE_UNKNOWN"


async def test_clerks_publish_nothing(window: Window) -> None:
    for request in (publish_rules(), publish_lexicon()):
        assert (await window.refused(request, "CLERK")).reason == "PERMISSION_DENIED"
