"""The matrix published, previewed and read; who answers, at any instant; two who publish."""

import asyncio
from datetime import date, timedelta

import grpc

from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message
from chassis.testing import read_refusal
from tests.integration.routing.conftest import (
    HEAD,
    INSTRUCTOR,
    SITE,
    STEWARD,
    TECHNICIAN,
    Mine,
    directory,
    matrix,
    row,
)
from tests.integration.routing.test_handover import absent, by_hand, today


def publication(*instead: pb.Responsibility, version: int = 0) -> rpc.PublishMatrixRequest:
    return rpc.PublishMatrixRequest(
        site_id=SITE, responsibilities=matrix(*instead), expected_version=version
    )


async def who(
    mine: Mine, unit: str = "bathhouse", **when: object
) -> organisation.WhoAnswersForResponse:
    request = organisation.WhoAnswersForRequest(site_id=SITE, unit_id=unit)
    for name, time in when.items():
        getattr(request, name).FromDatetime(time)
    response: organisation.WhoAnswersForResponse = await mine.ask("WhoAnswersFor", request, "CLERK")
    return response


def stewards(response: organisation.WhoAnswersForResponse) -> list[str]:
    return [holder.person_id for holder in response.holders if holder.role == STEWARD]


async def coverage(mine: Mine, **given: object) -> rpc.GetCoverageResponse:
    request = rpc.GetCoverageRequest(site_id=SITE)
    for name, value in given.items():
        if isinstance(value, date) and name != "at_time":
            getattr(request, name).CopyFrom(to_date_message(value))
        else:
            getattr(request, name).FromDatetime(value)
    response: rpc.GetCoverageResponse = await mine.ask("GetCoverage", request, "STEWARD")
    return response


# Publishing ------------------------------------------------------------------------------------


async def test_a_publication_tells_what_changed_and_who_answers_for_how_much(mine: Mine) -> None:
    open_case = await mine.registered()
    assert (await mine.route(open_case)).steward == "zhang"
    request = publication(row("bathhouse", "li"), row("logistics", "zhang", HEAD), version=1)
    request.request_id = "publish-once-1"
    response = await mine.ask("PublishMatrix", request, "DIRECTOR")
    assert response.version == 2
    assert response.handover_job_id
    assert response.moving_case_count == 1
    changes = {(change.kind, change.id): change for change in response.changes}
    assert set(changes) == {
        (organisation.CHANGE_KIND_CHANGED, "bathhouse/STEWARD"),
        (organisation.CHANGE_KIND_ADDED, "logistics/HEAD"),
    }
    changed = changes[organisation.CHANGE_KIND_CHANGED, "bathhouse/STEWARD"]
    assert "zhang" in changed.before
    assert "li" in changed.after
    assert [(span.person_id, span.person_name, span.unit_count) for span in response.spans] == [
        ("li", "李四", 2),
        ("zhang", "张三", 1),
    ]
    # The same again, whatever was published since.
    await mine.publish()
    assert await mine.ask("PublishMatrix", request, "DIRECTOR") == response


async def test_a_preview_tells_everything_and_does_nothing(mine: Mine) -> None:
    case_id = await mine.registered()
    manual = await mine.registered()
    await by_hand(mine, manual, "wu")
    rows = [
        given
        for given in matrix(row("bathhouse", "li", end=await today(mine, 5)))
        if given.role != INSTRUCTOR
    ]
    rows += [row("gone", "li"), row("bathhouse", "li", start=await today(mine, 3))]
    request = rpc.PublishMatrixRequest(
        site_id=SITE, responsibilities=rows, validate_only=True, request_id="preview-1"
    )
    response = await mine.ask("PublishMatrix", request, "ADMINISTRATOR")
    assert (response.version, response.handover_job_id) == (1, "")
    assert [fault.field for fault in response.faults] == [
        "responsibilities[5].unit_id",
        "responsibilities[6].start_date",
    ]
    assert all(fault.zh and fault.en for fault in response.faults)
    assert [(gap.unit_id, gap.role) for gap in response.gaps] == [("joint-1", INSTRUCTOR)]
    assert {change.id for change in response.changes} == {
        "bathhouse/STEWARD",
        "joint-1/INSTRUCTOR",
        "gone/STEWARD",
    }
    assert response.moving_case_count == 1
    assert await mine.value("SELECT matrix_version FROM sites") == 1
    assert await mine.value("SELECT count(*) FROM requests WHERE request_id = 'preview-1'") == 0
    assert len(await mine.facts(f"matrix/{SITE}")) == 1
    assert (await mine.route(case_id)).steward == "zhang"


async def test_gaps_name_whose_departure_leaves_them(mine: Mine) -> None:
    changed = directory()
    changed.people.add(
        person_id="chen", name="陈十一", end_date=to_date_message(await today(mine, 9))
    )
    await mine.publish_directory(changed)
    request = publication(row("bathhouse", "chen"))
    answer = await mine.refused("PublishMatrix", request, "DIRECTOR")
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "1")
    request = publication(row("bathhouse", "chen"))
    request.validate_only = True
    (gap,) = (await mine.ask("PublishMatrix", request, "DIRECTOR")).gaps
    assert (gap.unit_id, gap.person_id) == ("bathhouse", "chen")
    assert gap.start_date == to_date_message(await today(mine, 10))
    assert not gap.HasField("end_date")


async def test_a_refusal_tells_twenty_gaps_and_a_preview_all(mine: Mine) -> None:
    many = directory()
    for number in range(25):
        many.units.add(unit_id=f"t{number}", name=f"{number}队", kind=pb.UNIT_KIND_TEAM)
    rows = [*matrix(), *(row(f"t{number}", "zhang") for number in range(25))]
    request = rpc.PublishDirectoryRequest(
        directory=many, matrix=rpc.MatrixContent(responsibilities=rows)
    )
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    answer = await mine.refused("PublishMatrix", publication(), "DIRECTOR")
    assert (answer.reason, answer.metadata["count"]) == ("COVERAGE_HAS_GAPS", "25")
    assert len(answer.fields) == 20
    preview = publication()
    preview.validate_only = True
    assert len((await mine.ask("PublishMatrix", preview, "DIRECTOR")).gaps) == 25


async def test_an_absence_without_a_deputy_is_a_gap_of_a_new_matrix_too(mine: Mine) -> None:
    await absent(mine, "wu", 3, 4)
    answer = await mine.refused("PublishMatrix", publication(row("bathhouse", "wu")), "DIRECTOR")
    assert answer.reason == "COVERAGE_HAS_GAPS"
    with_deputy = row("bathhouse", "wu")
    with_deputy.deputy = "li"
    await mine.ask("PublishMatrix", publication(with_deputy), "DIRECTOR")


async def test_of_two_dispatchers_at_once_one_wins_and_the_other_learns_what_changed(
    mine: Mine,
) -> None:
    async def attempt(person: str) -> str:
        try:
            request = publication(row("bathhouse", person), version=1)
            await mine.ask("PublishMatrix", request, "DIRECTOR", who=f"director-{person}")
        except grpc.aio.AioRpcError as error:
            answer = read_refusal(error)
            assert answer.code is grpc.StatusCode.ABORTED
            assert answer.reason == "VERSION_MISMATCH"
            assert answer.metadata == {"expected": "1", "actual": "2"}
            assert answer.fields == ("responsibilities[bathhouse/STEWARD]",)
            return "lost"
        return person

    outcomes = await asyncio.gather(*(attempt(person) for person in ("li", "wu", "sun", "zhou")))
    winner = [outcome for outcome in outcomes if outcome != "lost"]
    assert len(winner) == 1
    assert await mine.value("SELECT matrix_version FROM sites") == 2
    assert stewards(await who(mine)) == winner


async def test_only_what_changed_is_written(mine: Mine) -> None:
    await mine.publish(matrix(row("bathhouse", "li")))
    kept = "SELECT count(*) FROM responsibilities WHERE until_version IS NULL AND since_version = 1"
    assert await mine.value(kept) == 5
    assert await mine.value("SELECT count(*) FROM responsibilities") == 7


# Reading ---------------------------------------------------------------------------------------


async def test_every_version_of_the_matrix_comes_back_as_it_was_published(mine: Mine) -> None:
    await mine.publish(matrix(row("bathhouse", "li")))

    async def read(version: int = 0) -> organisation.GetMatrixResponse:
        request = organisation.GetMatrixRequest(site_id=SITE, version=version)
        response: organisation.GetMatrixResponse = await mine.ask("GetMatrix", request, "STEWARD")
        return response

    first, second, present = await read(1), await read(2), await read()
    assert present == second
    assert (first.version, second.version) == (1, 2)
    assert first.published_by == "sun"
    assert first.basis_document == "试行〔2026〕1号"
    assert first.publish_time.ToDatetime() < second.publish_time.ToDatetime()

    def by_unit(rows: object) -> list[str]:
        return sorted(str(each) for each in rows)  # type: ignore[attr-defined]

    assert by_unit(first.responsibilities) == by_unit(matrix())
    assert by_unit(second.responsibilities) == by_unit(matrix(row("bathhouse", "li")))
    answer = await mine.refused(
        "GetMatrix", organisation.GetMatrixRequest(site_id=SITE, version=3), "STEWARD"
    )
    assert (answer.reason, answer.metadata) == ("NO_SUCH_LIST_VERSION", {"version": "3"})


async def test_a_site_without_a_matrix_has_an_empty_one(bare: Mine) -> None:
    await bare.publish_directory()
    request = organisation.GetMatrixRequest(site_id=SITE)
    response = await bare.ask("GetMatrix", request, "STEWARD")
    assert response == organisation.GetMatrixResponse(site_id=SITE)
    found = await who(bare, "joint-1")
    assert (found.matrix_version, list(found.holders)) == (0, [])
    assert list(found.missing) == [STEWARD, INSTRUCTOR, TECHNICIAN]


async def test_who_answers_is_told_with_names_and_the_matrix_that_says_so(mine: Mine) -> None:
    found = await who(mine, "joint-1")
    assert (found.unit_name, found.matrix_version) == ("联建一队", 1)
    assert [(h.role, h.person_id, h.person_name) for h in found.holders] == [
        (STEWARD, "li", "李四"),
        (INSTRUCTOR, "zhao", "赵六"),
        (TECHNICIAN, "wang", "王五"),
    ]
    assert list(found.missing) == []
    request = organisation.WhoAnswersForRequest(site_id=SITE, unit_id="gone")
    answer = await mine.refused("WhoAnswersFor", request, "CLERK")
    assert (answer.reason, answer.metadata) == ("NO_SUCH_UNIT", {"unit_id": "gone"})


async def test_past_instants_are_answered_as_it_was_known_then_or_since(mine: Mine) -> None:
    first = await mine.now()
    await mine.advance(timedelta(hours=2))
    await mine.publish(matrix(row("bathhouse", "li")))
    second = await mine.now()
    day = timedelta(days=1)
    assert stewards(await who(mine)) == ["li"]
    assert stewards(await who(mine, at_time=first)) == ["zhang"]
    assert stewards(await who(mine, at_time=first - 30 * day)) == ["zhang"]
    assert stewards(await who(mine, at_time=first, known_time=second)) == ["li"]
    assert stewards(await who(mine, at_time=second + 400 * day)) == ["li"]
    assert stewards(await who(mine, at_time=second + 400 * day, known_time=first)) == ["zhang"]
    assert (await who(mine, at_time=first)).matrix_version == 1


async def test_past_instants_are_answered_by_the_directory_of_that_time(mine: Mine) -> None:
    before = await mine.now()
    await mine.advance(timedelta(hours=1))
    changed = directory()
    changed.units[1].name = "洗浴中心"
    changed.units.add(unit_id="canteen", name="食堂", kind=pb.UNIT_KIND_TEAM)
    changed.people[0].name = "张三丰"
    request = rpc.PublishDirectoryRequest(
        directory=changed,
        matrix=rpc.MatrixContent(responsibilities=[*matrix(), row("canteen", "zhang")]),
    )
    await mine.ask("PublishDirectory", request, "ADMINISTRATOR")
    then, now = await who(mine, at_time=before), await who(mine)
    assert (then.unit_name, then.holders[0].person_name) == ("浴室班", "张三")
    assert (now.unit_name, now.holders[0].person_name) == ("洗浴中心", "张三丰")
    assert stewards(await who(mine, "canteen")) == ["zhang"]
    unknown = organisation.WhoAnswersForRequest(site_id=SITE, unit_id="canteen")
    unknown.at_time.FromDatetime(before)
    assert (await mine.refused("WhoAnswersFor", unknown, "CLERK")).reason == "NO_SUCH_UNIT"
    old, new = await coverage(mine, at_time=before), await coverage(mine)
    assert [unit.unit_id for unit in old.units] == ["logistics", "bathhouse", "joint-1"]
    assert [unit.unit_id for unit in new.units][-1] == "canteen"


async def test_a_unit_that_isnt_there_has_nobody_and_lacks_nobody(mine: Mine) -> None:
    changed = directory()
    changed.units[1].end_date.CopyFrom(to_date_message(await today(mine)))
    await mine.publish_directory(changed)
    assert stewards(await who(mine)) == ["zhang"]
    gone = await who(mine, at_time=await mine.now() + timedelta(days=2))
    assert (gone.unit_name, list(gone.holders), list(gone.missing)) == ("浴室班", [], [])
    later = await coverage(mine, at_time=await mine.now() + timedelta(days=2))
    assert "bathhouse" not in [unit.unit_id for unit in later.units]
    assert list(later.gaps) == []


# Coverage --------------------------------------------------------------------------------------


async def test_coverage_tells_spans_against_the_sites_limit(mine: Mine) -> None:
    limited = directory()
    limited.rules.span_limit = 1
    await mine.publish_directory(limited)
    found = await coverage(mine)
    assert found.span_limit == 1
    assert [(span.person_id, span.unit_count, span.over_limit) for span in found.spans] == [
        ("zhang", 2, True),
        ("li", 1, False),
    ]
    await absent(mine, "zhang", 0, 0, "li")
    assert [(span.person_id, span.unit_count) for span in (await coverage(mine)).spans] == [
        ("li", 3)
    ]
    tomorrow = await coverage(mine, at_time=await mine.now() + timedelta(days=1))
    assert [(span.person_id, span.unit_count) for span in tomorrow.spans] == [
        ("zhang", 2),
        ("li", 1),
    ]


async def test_coverage_of_a_period_tells_its_gaps_and_no_others(bare: Mine) -> None:
    await bare.publish_directory()
    first, last = await today(bare, 10), await today(bare, 20)
    found = await coverage(bare, start_date=first, end_date=last)
    assert {(gap.unit_id, gap.role) for gap in found.gaps} == {
        ("logistics", STEWARD),
        ("bathhouse", STEWARD),
        ("joint-1", STEWARD),
        ("joint-1", INSTRUCTOR),
        ("joint-1", TECHNICIAN),
    }
    for gap in found.gaps:
        assert (gap.start_date, gap.end_date) == (to_date_message(first), to_date_message(last))
    await bare.publish()
    assert list((await coverage(bare, start_date=first, end_date=last)).gaps) == []
    before = await coverage(bare, start_date=date(2025, 12, 30), end_date=date(2026, 1, 2))
    assert len(before.gaps) == 5
    assert before.gaps[0].end_date == to_date_message(date(2025, 12, 31))


async def test_a_period_backward_half_or_too_long_is_refused(mine: Mine) -> None:
    first = await today(mine)
    for start, end in (
        (first, first - timedelta(days=1)),
        (first, first + timedelta(days=3653)),
        (first, None),
        (None, first),
    ):
        request = rpc.GetCoverageRequest(site_id=SITE)
        if start is not None:
            request.start_date.CopyFrom(to_date_message(start))
        if end is not None:
            request.end_date.CopyFrom(to_date_message(end))
        answer = await mine.refused("GetCoverage", request, "STEWARD")
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "PERIOD_INVALID",
        )
    await coverage(mine, start_date=first, end_date=first + timedelta(days=3652))


async def test_another_site_sees_nothing_of_matrix_and_answers(mine: Mine) -> None:
    for method, request in (
        ("GetMatrix", organisation.GetMatrixRequest(site_id=SITE)),
        ("WhoAnswersFor", organisation.WhoAnswersForRequest(site_id=SITE, unit_id="bathhouse")),
        ("GetCoverage", rpc.GetCoverageRequest(site_id=SITE)),
        (
            "PublishMatrix",
            rpc.PublishMatrixRequest(site_id=SITE, responsibilities=matrix(), validate_only=True),
        ),
    ):
        answer = await mine.refused(method, request, "ADMINISTRATOR STEWARD", site="gucheng")
        assert (answer.code, answer.reason) == (
            grpc.StatusCode.NOT_FOUND,
            "DIRECTORY_NOT_FOUND",
        )
