"""What a site sets up for its window, as files that a person edits."""

from pathlib import Path
from typing import Any

from backstop.intake.v1 import intake_registration_pb2, intake_rules_pb2
from ctl.failures import Problem
from ctl.yaml_messages import fill


def lexicon_of(data: dict[str, Any], path: Path) -> intake_registration_pb2.Lexicon:
    """Returns the lexicon of a file: words by category and weight, groups of the same meaning."""
    lexicon = intake_registration_pb2.Lexicon()
    words, same = data.get("words", {}), data.get("same", [])
    if not isinstance(words, dict) or not isinstance(same, list):
        raise Problem("应有 words 与 same / should hold words and same", field=str(path))
    for category, weights in words.items():
        if not isinstance(weights, dict):
            raise Problem(
                "应为 分量: [词…] / should be weight: [words]", field=f"{path} {category}"
            )
        for weight, listed in weights.items():
            place = f"{path} {category}.{weight}"
            try:
                number = float(weight)
            except ValueError:
                raise Problem("分量是数字 / a weight is a number", field=place) from None
            if not isinstance(listed, list):
                raise Problem("应为列表 / should be a list", field=place)
            for word in listed:
                lexicon.words.add(category=category, word=str(word), weight=number)
    for group in same:
        if not isinstance(group, list):
            raise Problem("应为列表 / should be a list", field=f"{path} same")
        lexicon.synonyms.add(words=[str(word) for word in group])
    return lexicon


def rules_of(data: dict[str, Any], path: Path) -> intake_rules_pb2.WindowRules:
    """Returns the rules of a file, which may name its site."""
    told = {name: value for name, value in data.items() if name != "site_id"}
    rules: intake_rules_pb2.WindowRules = fill(intake_rules_pb2.WindowRules(), told, path)
    return rules
