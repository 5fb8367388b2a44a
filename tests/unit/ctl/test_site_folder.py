"""A site in YAML: what is read, what is refused by its place, and the sample itself."""

import re
from pathlib import Path

import pytest
import yaml

from backstop.routing.v1 import routing_pb2
from ctl import site_folder
from ctl.failures import Problem

SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "samples" / "yuwu"
STEWARD = routing_pb2.RESPONSIBILITY_ROLE_STEWARD
INSTRUCTOR = routing_pb2.RESPONSIBILITY_ROLE_INSTRUCTOR
TECHNICIAN = routing_pb2.RESPONSIBILITY_ROLE_TECHNICIAN
HEAD = routing_pb2.RESPONSIBILITY_ROLE_HEAD


def _copy(folder: Path, name: str = "", old: str = "", new: str = "") -> Path:
    for file in site_folder.FILES:
        text = (SAMPLE / f"{file}.yaml").read_text()
        if file == name:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / f"{file}.yaml").write_text(text)
    return folder


def test_what_stands_at_the_top_holds_for_rows_that_say_nothing(tmp_path: Path) -> None:
    found = site_folder.read(
        _copy(
            tmp_path,
            "matrix",
            "unit_id: mining-1, role: STEWARD, person_id: dd11",
            "unit_id: mining-1, role: STEWARD, person_id: dd11, start_date: 2026-03-01",
        )
    )
    first, second = found.directory.matrix.responsibilities[:2]
    assert (first.start_date.month, second.start_date.month) == (3, 1)


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("roster", '"08:00"', '"8 Uhr"', "start_time"),
        ("matrix", "2026-01-01", "2026-02-30", "start_date"),
        ("directory", "number_prefix", "number_prefx", "directory.yaml"),
        ("directory", "kind: DEPARTMENT", "kind: OFFICE", "directory.yaml"),
        ("contacts", "site_id: yuwu", "site_id: other", "contacts.yaml"),
        ("directory", "units:", "units: [", "directory.yaml"),
    ],
)
def test_a_mistake_is_named_by_its_place(
    tmp_path: Path, file: str, old: str, new: str, place: str
) -> None:
    with pytest.raises(Problem) as caught:
        site_folder.read(_copy(tmp_path, file, old, new))
    assert place in f"{caught.value.field} {caught.value}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    _copy(tmp_path)
    (tmp_path / "roster.yaml").unlink()
    with pytest.raises(Problem) as caught:
        site_folder.read(tmp_path)
    assert caught.value.field.endswith("roster.yaml")


# The sample -------------------------------------------------------------------------------------


def test_every_unit_of_the_sample_is_covered() -> None:
    found = site_folder.read(SAMPLE)
    held = {(row.unit_id, row.role) for row in found.directory.matrix.responsibilities}
    for unit in found.directory.directory.units:
        needed = {STEWARD, HEAD}
        if unit.kind == routing_pb2.UNIT_KIND_JOINT_TEAM:
            needed |= {INSTRUCTOR, TECHNICIAN}
        assert {role for role in needed if (unit.unit_id, role) not in held} == set(), unit.name


def test_the_sample_names_only_who_and_what_it_has() -> None:
    found = site_folder.read(SAMPLE)
    directory = found.directory.directory
    people = {person.person_id for person in directory.people}
    units = {unit.unit_id for unit in directory.units}
    positions = {position.position_id for position in directory.positions}
    assert {row.person_id for row in found.directory.matrix.responsibilities} <= people
    assert {row.unit_id for row in found.directory.matrix.responsibilities} == units
    assert {shift.person_id for shift in found.directory.roster.shifts} <= people
    assert {level.position_id for level in directory.ladder} <= positions
    assert {contact.person_id for contact in found.contacts.contacts} <= people
    assert {p.unit_id for p in directory.people} <= units | {""}
    assert {c.lead_unit_id for c in directory.categories} <= units | {""}
    assert "SUPPORT" in positions


def test_every_post_of_the_sample_is_staffed_at_some_hour() -> None:
    found = site_folder.read(SAMPLE)
    posts = {post.post_id for post in found.directory.directory.posts}
    assert {shift.post_id for shift in found.directory.roster.shifts} - {""} == posts


def test_everyone_in_the_sample_is_marked_as_invented() -> None:
    found = site_folder.read(SAMPLE)
    names = [person.name for person in found.directory.directory.people]
    assert all(name.startswith("样例·") for name in names)
    assert len(names) == len(set(names))
    assert all(
        re.fullmatch(r"1300000\d{4}", contact.phone) or not contact.phone
        for contact in found.contacts.contacts
    )
    assert all(
        contact.email.endswith(".example") or not contact.email
        for contact in found.contacts.contacts
    )


def test_tokens_are_for_people_of_the_sample_or_systems() -> None:
    people = {p.person_id for p in site_folder.read(SAMPLE).directory.directory.people}
    tokens = yaml.safe_load((SAMPLE / "tokens.yaml").read_text())["tokens"]
    names = [token["name"] for token in tokens]
    assert len(names) == len(set(names))
    for token in tokens:
        known = token["subject"] in people or token["subject"].startswith("system:")
        assert known or token["roles"] == ["REPORTER"], token["name"]
