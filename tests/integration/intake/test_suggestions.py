"""What a clerk is shown while typing, and what becomes of it: counted, and never in the way."""

from collections.abc import Sequence
from typing import Any

import pytest

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.actor import Actor
from services.intake.store import lexicons
from tests.integration.intake.window import Window

WHO = Actor(subject="c-1", sites=frozenset({"yuwu"}))
WORDS = (("BATHING", "淋浴头", 4.0), ("BATHING", "澡堂", 3.0), ("OTHER", "工资", 4.0))
SAME = (("淋浴头", "喷头", "花洒"), ("坏", "损坏", "用不了"), ("澡堂", "浴室"))


def lexicon(
    words: Sequence[tuple[str, str, float]] = WORDS,
    same: Sequence[Sequence[str]] = SAME,
    **fields: Any,
) -> rpc.PublishLexiconRequest:
    return rpc.PublishLexiconRequest(
        site_id="yuwu",
        lexicon=rpc.Lexicon(
            words=[rpc.LexiconWord(category=c, word=w, weight=n) for c, w, n in words],
            synonyms=[rpc.Synonyms(words=group) for group in same],
        ),
        **fields,
    )


async def suggested(
    window: Window, text: str, *, subject: str = "c-1", **fields: Any
) -> rpc.SuggestCaseResponse:
    request = rpc.SuggestCaseRequest(site_id="yuwu", text=text, **fields)
    response: rpc.SuggestCaseResponse = await window.ask(request, "CLERK", subject=subject)
    return response


async def test_the_category_is_named_with_the_words_that_decided(window: Window) -> None:
    await window.ask(lexicon(), "ADMINISTRATOR")
    response = await suggested(window, "淋浴头不出水", place="澡堂")
    (best,) = response.categories
    assert (best.category, best.category_name) == ("BATHING", "洗浴")
    assert [(one.word, one.found, one.weight) for one in best.words] == [
        ("淋浴头", "淋浴头", 4.0),
        ("澡堂", "澡堂", 2.4),
    ]
    assert 0 < best.score < 1
    assert response.lexicon_version == 1


async def test_where_no_place_is_said_it_is_the_posts(window: Window) -> None:
    await window.ask(lexicon([("BATHING", "南风井", 4.0)], []), "ADMINISTRATOR")
    response = await suggested(window, "水凉", post_id="canteen")
    assert [one.category for one in response.categories] == ["BATHING"]
    assert not (await suggested(window, "水凉", post_id="nowhere")).categories


async def test_a_site_without_a_lexicon_still_finds_what_is_said_alike(window: Window) -> None:
    made = await window.register(text="南风井浴室淋浴头损坏")
    response = await suggested(window, "浴室的淋浴头坏了")
    assert (response.lexicon_version, list(response.categories)) == (0, [])
    (likely,) = response.duplicates
    assert (likely.case_id, likely.number) == (made.case.case_id, made.case.number)
    assert likely.state == pb.CASE_STATE_REGISTERED
    assert (likely.text, likely.place) == ("南风井浴室淋浴头损坏", "南风井食堂门口")
    assert 0 < likely.score <= 1
    assert "浴室" in " ".join(likely.shared_words)


async def test_other_words_for_the_same_are_found_among_many(window: Window) -> None:
    """Neither a pair of characters nor place, unit or category is shared; a hundred are newer."""
    await window.ask(lexicon(), "ADMINISTRATOR")
    made = await window.register(text="花洒用不了", place="一号楼", category="OTHER", unit_id="")
    for count in range(101):
        await window.register(text=f"工资条第{count}行看不懂", category="BATHING")
    response = await suggested(window, "喷头损坏", category="BATHING", unit_id="bath")
    assert response.duplicates[0].case_id == made.case.case_id
    assert set(response.duplicates[0].shared_words) == {"喷头", "损坏"}


async def test_nobody_is_shown_a_case_about_themselves(window: Window) -> None:
    await window.register(text="窗口值班的人说话难听", about_persons=["s-1"])
    assert len((await suggested(window, "窗口值班的人说话难听")).duplicates) == 1
    assert not (await suggested(window, "窗口值班的人说话难听", subject="s-1")).duplicates
    acting = await window.ask(
        rpc.SuggestCaseRequest(site_id="yuwu", text="窗口值班的人说话难听"),
        "SYSTEM",
        subject="system:hotline",
        acting_for="s-1",
    )
    assert not acting.duplicates


async def test_another_sites_cases_are_not_there(window: Window) -> None:
    await window.register(
        site_id="other", subject="c-1", sites=("other",), text="南风井浴室淋浴头损坏"
    )
    assert not (await suggested(window, "南风井浴室淋浴头损坏")).duplicates
    refusal = await window.refused(rpc.SuggestCaseRequest(site_id="other", text="水凉"), "CLERK")
    assert refusal.reason == "SITE_UNKNOWN"


@pytest.mark.parametrize(("days", "shown"), [(29, True), (31, False)], ids=["lately", "long ago"])
async def test_what_was_closed_lately_may_be_the_same(
    window: Window, days: int, shown: bool
) -> None:
    made = await window.register(text="南风井浴室淋浴头损坏")
    async with window.database.worker.connection() as connection:
        await connection.execute("SELECT set_config('backstop.sites', '*', false)")
        done = await connection.execute(
            "UPDATE cases SET state = 'CLOSED', outcome = 'SOLVED',"
            " close_time = record_time - make_interval(days => $2) WHERE case_id = $1",
            made.case.case_id,
            days,
        )
    assert done == "UPDATE 1"
    found = (await suggested(window, "南风井浴室淋浴头损坏")).duplicates
    assert [one.state for one in found] == ([pb.CASE_STATE_CLOSED] if shown else [])


@pytest.mark.parametrize(
    "text", ["😀🚿", "\u200f坏", "?!…", "a", "澡堂😀坏" * 500, "=cmd|'/C calc'!A0"]
)
async def test_any_text_is_answered(window: Window, text: str) -> None:
    await window.ask(lexicon(), "ADMINISTRATOR")
    await window.register(text="澡堂坏了😀")
    response = await suggested(window, text)
    assert len(response.categories) <= 3
    assert len(response.duplicates) <= 3


async def test_what_is_no_text_is_refused(window: Window) -> None:
    for text in ("", "\x07", "水" * 4001):
        request = rpc.SuggestCaseRequest(site_id="yuwu", text=text)
        assert (await window.refused(request, "CLERK")).reason == "INVALID_FIELD"


async def test_what_the_clerk_chose_is_counted(window: Window) -> None:
    await window.ask(lexicon(), "ADMINISTRATOR")
    made = {
        "ACCEPTED": await window.register(text="淋浴头坏了", category="BATHING"),
        "OVERRULED": await window.register(text="淋浴头坏了", category="OTHER"),
        "": await window.register(text="没有一个认识的词", category="BATHING"),
    }
    rows = await window.rows("SELECT case_id, suggested_category, suggestion FROM cases")
    kept = {row["case_id"]: (row["suggested_category"], row["suggestion"]) for row in rows}
    assert kept == {
        made["ACCEPTED"].case.case_id: ("BATHING", "ACCEPTED"),
        made["OVERRULED"].case.case_id: ("BATHING", "OVERRULED"),
        made[""].case.case_id: ("", ""),
    }


async def test_a_new_lexicon_counts_at_once_where_it_was_published(window: Window) -> None:
    await window.ask(lexicon(), "ADMINISTRATOR")
    await window.register(text="工资少了", category="BATHING")
    await window.ask(lexicon([("BATHING", "工资", 1.0)]), "ADMINISTRATOR")
    made = await window.register(text="工资少了", category="BATHING")
    rows = await window.rows("SELECT suggestion FROM cases WHERE case_id = $1", made.case.case_id)
    assert rows[0]["suggestion"] == "ACCEPTED"
    assert (await suggested(window, "工资少了")).lexicon_version == 2


async def test_a_lexicon_published_elsewhere_is_heard_of_in_time(window: Window) -> None:
    now = 0.0
    kept = lexicons.KeptLexicons(lambda: now)
    await window.ask(lexicon(), "ADMINISTRATOR")
    async with window.database.app.read(WHO) as connection:
        assert await kept.suggest(connection, "yuwu", "工资少了", "") == "OTHER"
        await window.ask(lexicon([("BATHING", "工资", 1.0)]), "ADMINISTRATOR")
        assert await kept.suggest(connection, "yuwu", "工资少了", "") == "OTHER"
        assert (await kept.newest(connection, "yuwu")).version == 2
        assert await kept.suggest(connection, "yuwu", "工资少了", "") == "BATHING"
        await window.ask(lexicon(), "ADMINISTRATOR")
        now = lexicons.FRESH_SECONDS + 1
        assert await kept.suggest(connection, "yuwu", "工资少了", "") == "OTHER"
