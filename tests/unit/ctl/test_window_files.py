"""A window's files: what a person writes, and how a mistake is named."""

from pathlib import Path
from typing import Any

import pytest

from backstop.intake.v1 import intake_rules_pb2 as rules
from ctl import site_folder
from ctl.failures import Problem
from ctl.window_files import lexicon_of, rules_of

SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "samples" / "yuwu"
FILE = Path("lexicon.yaml")


def test_words_are_read_by_category_and_weight() -> None:
    lexicon = lexicon_of(
        {"words": {"BATHING": {"4": ["澡堂"], "-1.5": ["食堂"]}}, "same": [["花洒", "喷头"]]}, FILE
    )
    assert [(one.category, one.word, one.weight) for one in lexicon.words] == [
        ("BATHING", "澡堂", 4.0),
        ("BATHING", "食堂", -1.5),
    ]
    assert [list(one.words) for one in lexicon.synonyms] == [["花洒", "喷头"]]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"words": ["澡堂"]}, "lexicon.yaml"),
        ({"words": {"BATHING": ["澡堂"]}}, "lexicon.yaml BATHING"),
        ({"words": {"BATHING": {"viel": ["澡堂"]}}}, "lexicon.yaml BATHING.viel"),
        ({"words": {"BATHING": {"4": "澡堂"}}}, "lexicon.yaml BATHING.4"),
        ({"same": "花洒"}, "lexicon.yaml"),
        ({"same": ["花洒"]}, "lexicon.yaml same"),
    ],
)
def test_a_mistake_is_named_by_its_place(data: dict[str, Any], place: str) -> None:
    with pytest.raises(Problem) as caught:
        lexicon_of(data, FILE)
    assert caught.value.field == place


def test_rules_are_read_with_or_without_their_site() -> None:
    told = rules.WindowRules(numbering=rules.NUMBERING_BLOCKS, reopen_days=7)
    data = {"numbering": "BLOCKS", "reopen_days": "7"}
    assert rules_of(data, FILE) == rules_of({**data, "site_id": "yuwu"}, FILE) == told
    with pytest.raises(Problem):
        rules_of({"reopen": "7"}, FILE)


def test_the_sample_has_rules_and_words_of_its_own_categories() -> None:
    found = site_folder.read(SAMPLE)
    assert found.rules is not None
    assert found.lexicon is not None
    assert found.rules.rules.hazard_phone == "0355-0000110"
    categories = {one.category_id for one in found.directory.directory.categories}
    assert {one.category for one in found.lexicon.lexicon.words} == categories


@pytest.mark.parametrize("name", ["rules", "lexicon"])
def test_the_files_of_a_folder_are_of_one_site(tmp_path: Path, name: str) -> None:
    for file in SAMPLE.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / f"{name}.yaml").write_text("site_id: other\n")
    with pytest.raises(Problem) as caught:
        site_folder.read(tmp_path)
    assert caught.value.field == f"{name}.yaml"


def test_a_site_without_them_keeps_what_every_site_begins_with(tmp_path: Path) -> None:
    for name in site_folder.FILES:
        (tmp_path / f"{name}.yaml").write_text((SAMPLE / f"{name}.yaml").read_text())
    found = site_folder.read(tmp_path)
    assert (found.rules, found.lexicon) == (None, None)
