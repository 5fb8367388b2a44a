"""What the group publishes reaches every site that has nothing of its own, or is refused whole."""

import asyncio
import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import grpc

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as org
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message
from chassis.testing import read_refusal
from tests.integration.routing.conftest import HEAD, SITE, STEWARD, Mine, directory, matrix, row

ALL = "*"


def template(**more: object) -> org.GroupTemplate:
    given = org.GroupTemplate(
        name="集团",
        categories=[pb.Category(category_id="LIVING", name="生活后勤")],
        positions=[
            pb.Position(position_id="DIRECTOR", name="调度室主任"),
            pb.Position(position_id="GROUP_INSPECTION", name="集团纪委", outside=True),
        ],
        ladder=[pb.LadderLevel(position_id="DIRECTOR", dwell_working_days=2)],
        rules=pb.SiteRules(alternate_chain=["GROUP_INSPECTION"], span_limit=9),
    )
    given.MergeFrom(org.GroupTemplate(**more))  # type: ignore[arg-type]
    return given


def bare_directory(site_id: str = SITE) -> pb.Directory:
    """A site that leaves to the group whatever it can."""
    little = directory(site_id)
    for part in ("positions", "categories", "ladder", "rules"):
        little.ClearField(part)
    return little


async def publish(
    mine: Mine, given: org.GroupTemplate, **more: object
) -> org.PublishGroupTemplateResponse:
    request = org.PublishGroupTemplateRequest(template=given, **more)  # type: ignore[arg-type]
    response: org.PublishGroupTemplateResponse = await mine.ask(
        "PublishGroupTemplate", request, "ADMINISTRATOR", site=ALL, who="hq"
    )
    return response


async def refused(mine: Mine, given: org.GroupTemplate) -> tuple[str, tuple[str, ...]]:
    request = org.PublishGroupTemplateRequest(template=given)
    answer = await mine.refused(
        "PublishGroupTemplate", request, "ADMINISTRATOR", site=ALL, who="hq"
    )
    return answer.reason, answer.fields


async def current(mine: Mine, **which: object) -> rpc.GetDirectoryResponse:
    request = rpc.GetDirectoryRequest(site_id=SITE, **which)  # type: ignore[arg-type]
    response: rpc.GetDirectoryResponse = await mine.ask("GetDirectory", request, "CLERK")
    return response


async def test_a_site_that_leaves_everything_out_needs_a_template(bare: Mine) -> None:
    request = rpc.PublishDirectoryRequest(directory=bare_directory())
    answer = await bare.refused("PublishDirectory", request, "ADMINISTRATOR")
    assert answer.fields == (
        "directory.positions",
        "directory.categories",
        "directory.ladder",
        "directory.rules.alternate_chain",
    )
    assert (await publish(bare, template())) == org.PublishGroupTemplateResponse(version=1)
    await bare.publish_directory(bare_directory())
    found = await current(bare)
    assert found.template_version == 1
    assert [p.position_id for p in found.directory.positions] == ["DIRECTOR", "GROUP_INSPECTION"]
    assert found.directory.rules.span_limit == 9
    assert found.directory.categories[0].group_category_id == "LIVING"
    (published,) = await bare.facts(f"directory/{SITE}")
    assert isinstance(published, facts.DirectoryPublished)
    assert published.template_version == 1
    assert published.directory == found.directory
    source = await current(bare, as_published=True)
    assert not source.directory.positions
    assert not source.directory.HasField("rules")
    assert len(source.directory.units) == 3


async def test_sites_follow_a_new_template_where_it_gives_them_something(mine: Mine) -> None:
    request = rpc.PublishDirectoryRequest(directory=directory("gucheng"))
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR", site="gucheng")
    done = await publish(mine, template(), request_id=(key := str(uuid.uuid4())))
    assert done == org.PublishGroupTemplateResponse(version=1, site_count=2)
    assert await publish(mine, template(), request_id=key) == done
    await mine.hand_over()
    found = await current(mine)
    assert (found.version, found.template_version) == (2, 1)
    # Its own chain stays; the limit that it never spoke of is the group's.
    assert list(found.directory.rules.alternate_chain) == ["UNION", "GROUP_INSPECTION"]
    assert found.directory.rules.span_limit == 9
    assert [c.category_id for c in found.directory.categories] == ["BATHING"]
    assert (await mine.facts("template/group"))[0] == facts.GroupTemplatePublished(
        template=template()
    )
    by = await mine.value("SELECT string_agg(DISTINCT published_by, ',') FROM directory_versions")
    assert sorted(by.split(",")) == ["hq", "sun"]

    # Nothing new for a site that has decided for itself.
    settled = directory()
    settled.rules.span_limit = 4
    await mine.publish_directory(settled)
    more = template()
    more.rules.span_limit = 12
    await publish(mine, more, expected_version=1)
    await mine.hand_over()
    assert (await current(mine)).version == 3
    assert await mine.value("SELECT directory_version FROM sites WHERE site_id = 'gucheng'") == 3


async def test_a_directory_published_beside_a_template_has_it_in_the_end(bare: Mine) -> None:
    first = template()
    await publish(bare, first)
    second = template(ladder=[pb.LadderLevel(position_id="GROUP_INSPECTION", dwell_working_days=3)])
    done = await asyncio.gather(
        publish(bare, second), *(bare.publish_directory(bare_directory()) for _ in range(3))
    )
    assert done[0].version == 2
    await bare.hand_over()
    found = await current(bare)
    assert found.template_version == 2
    assert len(found.directory.ladder) == 2


async def test_a_template_that_a_site_cannot_bear_is_refused_whole(mine: Mine) -> None:
    heads = template(
        role_requirements=[pb.RoleRequirement(kind=pb.UNIT_KIND_DEPARTMENT, roles=[STEWARD, HEAD])]
    )
    # 后勤部 has a steward and nobody at its head.
    assert await refused(mine, heads) == ("TEMPLATE_INVALID", ("sites[yuwu].units[logistics]",))
    counted = directory()
    counted.categories[0].group_category_id = "SOMETHING"
    await mine.publish_directory(counted)
    assert await refused(mine, template()) == (
        "TEMPLATE_INVALID",
        ("sites[yuwu].directory.categories[0].group_category_id",),
    )
    assert await mine.value("SELECT count(*) FROM templates") == 0
    await mine.publish(matrix(row("logistics", "zhao", HEAD)))
    await mine.publish_directory()
    assert (await publish(mine, heads)).version == 1
    await mine.hand_over()
    # From now on the group's wish is the site's measure.
    answer = await mine.refused(
        "PublishMatrix",
        rpc.PublishMatrixRequest(site_id=SITE, responsibilities=matrix()),
        "DIRECTOR",
    )
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "1")


async def test_a_template_that_contradicts_itself_is_refused(bare: Mine) -> None:
    bad = template(ladder=[pb.LadderLevel(position_id="GONE", dwell_working_days=1)])
    bad.positions[0].holder = "zhang"
    reason, fields = await refused(bare, bad)
    assert reason == "TEMPLATE_INVALID"
    assert fields == ("template.ladder[1].position_id", "template.positions[0].holder")
    empty = await bare.ask("GetGroupTemplate", org.GetGroupTemplateRequest(), "CLERK")
    assert empty == org.GetGroupTemplateResponse()


async def test_only_who_has_all_sites_publishes_for_all(mine: Mine) -> None:
    request = org.PublishGroupTemplateRequest(template=template())
    answer = await mine.refused("PublishGroupTemplate", request, "ADMINISTRATOR")
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    )
    await publish(mine, template())
    found = await mine.ask("GetGroupTemplate", org.GetGroupTemplateRequest(), "CLERK")
    assert found == org.GetGroupTemplateResponse(template=template(), version=1)
    stale = org.PublishGroupTemplateRequest(template=template(), expected_version=4)
    answer = await mine.refused("PublishGroupTemplate", stale, "ADMINISTRATOR", site=ALL)
    assert (answer.reason, answer.metadata) == (
        "VERSION_MISMATCH",
        {"expected": "4", "actual": "1"},
    )


def heads_of_teams(*roles: "pb.ResponsibilityRole.ValueType") -> org.GroupTemplate:
    return template(role_requirements=[pb.RoleRequirement(kind=pb.UNIT_KIND_TEAM, roles=roles)])


async def test_a_template_that_a_site_is_yet_to_follow_counts_for_its_matrix(mine: Mine) -> None:
    await publish(mine, heads_of_teams(STEWARD, HEAD))
    headless = [row for row in matrix() if (row.unit_id, row.role) != ("bathhouse", HEAD)]
    request = rpc.PublishMatrixRequest(site_id=SITE, responsibilities=headless)
    answer = await mine.refused("PublishMatrix", request, "ADMINISTRATOR")
    assert answer.reason == "COVERAGE_HAS_GAPS"
    request.validate_only = True
    shown = await mine.ask("PublishMatrix", request, "ADMINISTRATOR")
    assert [gap.unit_id for gap in shown.gaps] == ["bathhouse"]
    await mine.hand_over()
    assert await mine.value("SELECT count(*) FROM jobs WHERE failure_count > 0") == 0
    assert (await current(mine)).template_version == 1
    # And no longer than it is the newest.
    await publish(mine, heads_of_teams(STEWARD))
    await mine.publish(headless)
    await mine.hand_over()
    assert await mine.value("SELECT count(*) FROM jobs WHERE failure_count > 0") == 0
    assert (await current(mine)).template_version == 2


async def test_a_template_that_a_site_is_yet_to_follow_counts_for_absences(mine: Mine) -> None:
    await publish(mine, heads_of_teams(STEWARD, HEAD))
    today = (await mine.now()).astimezone(ZoneInfo("Asia/Shanghai")).date()
    request = org.RecordAbsenceRequest(
        site_id=SITE,
        person_id="wang",
        start_date=to_date_message(today),
        end_date=to_date_message(today + timedelta(days=3)),
        reason="年休",
    )
    answer = await mine.refused("RecordAbsence", request)
    # 王五 is the technician of a joint team as well, which needs one anyway.
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "2")
    await mine.hand_over()
    assert await mine.value("SELECT count(*) FROM jobs WHERE failure_count > 0") == 0


async def test_a_matrix_published_beside_a_template_leaves_it_no_gap(mine: Mine) -> None:
    headless = [row for row in matrix() if (row.unit_id, row.role) != ("bathhouse", HEAD)]
    for number in range(4):
        given = heads_of_teams(STEWARD, HEAD)
        given.rules.span_limit = number + 1
        done = await asyncio.gather(
            publish(mine, given), mine.publish(headless), return_exceptions=True
        )
        refusals = [
            read_refusal(error).reason for error in done if isinstance(error, grpc.aio.AioRpcError)
        ]
        # Whoever came first is the other's measure.
        assert refusals in (["TEMPLATE_INVALID"], ["COVERAGE_HAS_GAPS"])
        await mine.hand_over()
        assert await mine.value("SELECT count(*) FROM jobs WHERE failure_count > 0") == 0
        await publish(mine, template())
        await mine.publish()
        await mine.hand_over()
