"""The settled checks as text: each is spelt out for whom it concerns, with nothing left open."""

import pytest

from ctl import fsck, settling
from ctl.fsck import Report, read_checks, spell_out
from services.topology import BINDINGS


def test_ctl_knows_who_listens_to_whom() -> None:
    assert settling.LISTENS == BINDINGS


def test_every_check_is_spelt_out() -> None:
    checks = fsck.checks()
    assert len(checks) > 40
    for name, service, sql in checks:
        assert ":consumer" not in sql, name
        assert ":source" not in sql, name
        assert service in settling.LISTENS, name
        assert sql.lstrip().startswith("--"), f"{name} has no purpose line"


def test_a_check_of_pairs_is_made_for_each_pair() -> None:
    found = spell_out("x", "SELECT ':source' FROM :consumer.gates")
    assert len(found) == sum(len(sources) for sources in BINDINGS.values())
    assert ("x", "notify", "SELECT 'sla' FROM notify.gates") in found


def test_a_check_of_each_is_made_for_each() -> None:
    assert [service for _, service, _ in spell_out("x", "SELECT 1 FROM :consumer.jobs")] == list(
        BINDINGS
    )


def test_a_check_is_about_the_service_it_is_named_for() -> None:
    assert spell_out("intake_clocks_differ", "SELECT 1") == [
        ("intake_clocks_differ", "intake", "SELECT 1")
    ]


def test_a_name_is_used_once() -> None:
    with pytest.raises(ValueError, match="twin"):
        read_checks("-- name: twin\nSELECT 1;\n-- name: twin\nSELECT 2;\n")


def test_reports_add_up() -> None:
    assert Report(2).plus(Report(3)) == Report(5)
