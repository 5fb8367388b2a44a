"""A site's names, asked of routing and kept for when it is away."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from backstop.routing.v1 import routing_pb2, routing_service_pb2
from ctl import names
from ctl.connection import Client, Connections
from ctl.failures import Answer, Failure
from ctl.names import Names

KNOWN = Names(people={"dd11": "样例·乙一"}, units={"bathhouse": "澡堂队"})
DIRECTORY = routing_pb2.Directory(
    people=[routing_pb2.Person(person_id="dd11", name="样例·乙一")],
    units=[routing_pb2.Unit(unit_id="bathhouse", name="澡堂队")],
)


class Asked(Client):
    """A client whose routing answers as it was told to."""

    def __init__(self, code: grpc.StatusCode | None = None) -> None:
        super().__init__(Connections({"routing": "127.0.0.1:9"}))
        self._code = code

    async def call(self, service: str, method: Any, request: Any, **_: Any) -> Any:
        if self._code is not None:
            raise Failure(Answer(service, self._code, ""))
        return routing_service_pb2.GetDirectoryResponse(directory=DIRECTORY)


AWAY, REFUSED = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED


async def test_what_routing_said_last_serves_while_it_is_away(tmp_path: Path) -> None:
    assert await names.names_of(Asked(), "yuwu", tmp_path) == KNOWN
    assert await names.names_of(Asked(AWAY), "yuwu", tmp_path) == KNOWN


async def test_what_routing_says_now_takes_the_place_of_what_was_kept(tmp_path: Path) -> None:
    names.keep(tmp_path, "yuwu", Names(units={"old": "旧名"}))
    await names.names_of(Asked(), "yuwu", tmp_path)
    assert names.kept(tmp_path, "yuwu") == KNOWN


async def test_that_there_are_none_is_known(tmp_path: Path) -> None:
    assert (await names.names_of(Asked(AWAY), "yuwu", tmp_path)).missing
    assert (await names.names_of(Asked(AWAY), "yuwu", None)).missing
    nowhere = Client(Connections({}))
    assert (await names.names_of(nowhere, "yuwu", tmp_path)).missing


async def test_whoever_may_not_ask_is_not_shown_what_others_kept(tmp_path: Path) -> None:
    names.keep(tmp_path, "yuwu", KNOWN)
    assert await names.names_of(Asked(REFUSED), "yuwu", tmp_path) == Names()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    names.keep(tmp_path / "new", "yuwu", KNOWN)
    [file] = (tmp_path / "new").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert names.kept(tmp_path / "new", "yuwu") == KNOWN


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"people": 1}', "\x00"])
def test_a_file_that_is_damaged_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "names-yuwu.json").write_text(text)
    assert names.kept(tmp_path, "yuwu") is None


def test_a_site_is_no_path(tmp_path: Path) -> None:
    names.keep(tmp_path, "../../etc", KNOWN)
    assert names.kept(tmp_path, "../../etc") is None
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    names.keep(tmp_path / "file", "yuwu", KNOWN)
    assert names.kept(tmp_path / "file", "yuwu") is None
