"""Policies: published, applied to running clocks where that is asked for, inherited."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backstop.sla.v1 import (
    sla_facts_pb2,
    sla_pb2,
    sla_policy_pb2,
    sla_service_pb2,
)
from tests.integration.sla.conftest import SITE, Sla, utc
from tests.integration.sla.office import (
    EVERYWHERE,
    Office,
    deadlines,
    office_of,
    run_jobs,
)
from tests.integration.sla.test_publishing import (
    GROUP,
    PLAN,
    amendments,
    plan_of,
    policy,
    publish_policy,
)
from tests.integration.sla.test_running_clocks import everything


@pytest.fixture
async def office(sla: Sla, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(sla, tmp_path) as served:
        yield served


async def test_a_site_begins_with_what_every_site_begins_with(sla: Sla, office: Office) -> None:
    response = await office.ask(sla_service_pb2.GetPolicyRequest(site_id=SITE))
    assert (response.policy.version, list(response.policy.rules)) == (1, [])
    (rule,) = response.effective
    assert rule.source == sla_service_pb2.RULE_SOURCE_DEFAULT
    assert {terms.clock for terms in rule.rule.clocks} >= {PLAN, sla_pb2.CLOCK_KIND_OUTREACH}


async def test_new_clocks_go_by_the_new_policy_and_running_ones_by_their_own(
    sla: Sla, office: Office
) -> None:
    now = await sla.now()
    (old,) = await sla.register(now)
    before = await deadlines(sla)
    answer = await publish_policy(office, policy(plan_days=1), expected_version=1)
    assert (answer.policy.version, answer.policy.published_by, answer.job_id) == (2, "p-9", "")
    (fact,) = await sla.published(f"policy/{SITE}")
    assert fact == sla_facts_pb2.PolicyPublished(policy=answer.policy)
    (new,) = await sla.register(now)
    await run_jobs(sla)
    assert (await plan_of(sla, new))[1] < (await plan_of(sla, old))[1]
    assert before.items() <= (await deadlines(sla)).items()
    rows = await sla.rows("SELECT subject_id, policy_version FROM clocks WHERE kind = 'PLAN'")
    assert {row["subject_id"]: row["policy_version"] for row in rows} == {old: 1, new: 2}


async def test_a_policy_is_applied_to_running_clocks_where_that_is_asked_for(
    sla: Sla, office: Office
) -> None:
    now = await sla.now()
    (case_id,) = await sla.register(now)
    await publish_policy(office, policy(plan_days=9))
    await run_jobs(sla)
    assert await amendments(sla) == []
    # The same again, and now for the running ones: no new version, and still they follow.
    answer = await publish_policy(office, policy(plan_days=9), apply_to_running=True)
    assert (answer.policy.version, bool(answer.job_id)) == (2, True)
    await run_jobs(sla)
    (fact,) = await amendments(sla)
    assert fact.cause == sla_pb2.AMENDMENT_CAUSE_POLICY
    (clock,) = fact.clocks
    assert (clock.kind, clock.policy_version, clock.rule) == (PLAN, 2, "快办")
    assert utc(clock.due_time) == (await plan_of(sla, case_id))[1]
    (act,) = await sla.rows("SELECT * FROM acts WHERE kind = 'Amended'")
    assert (act["actor"], act["cause"]) == ("p-9", "PolicyPublished")


async def test_a_policy_not_meant_for_running_clocks_is_not_applied_to_them(
    sla: Sla, office: Office
) -> None:
    await sla.register(await sla.now())
    for site_id in (SITE, GROUP):
        await publish_policy(office, policy(site_id, plan_days=9), apply_to_running=True)
        # Before the job has done anything.
        await publish_policy(office, policy(site_id, plan_days=7))
        await run_jobs(sla)
        assert await amendments(sla) == []
    jobs = await sla.rows("SELECT state FROM jobs WHERE kind IN ('amend', 'template')")
    assert [row["state"] for row in jobs] == ["DONE"] * 3


async def test_a_policy_that_makes_no_sense_changes_nothing(sla: Sla, office: Office) -> None:
    message = policy(plan_days=2)
    message.rules.add(name="另一条", clocks=[sla_policy_pb2.ClockTerms(clock=PLAN, working_days=4)])
    for request in (
        sla_service_pb2.PublishPolicyRequest(policy=message),
        sla_service_pb2.PreviewPolicyRequest(policy=message),
    ):
        assert (await office.refused(request)).reason == "RULES_OVERLAP"
    assert (await office.ask(sla_service_pb2.GetPolicyRequest(site_id=SITE))).policy.version == 1


async def test_sites_follow_the_groups_template(sla: Sla, office: Office) -> None:
    for site_id in ("detached", "own"):
        await sla.publish_directory(site_id)
    await publish_policy(office, policy("detached", detached=True))
    await publish_policy(office, policy("own", plan_days=7, name="本矿"))
    (case_id,) = await sla.register(await sla.now())
    _, due = await plan_of(sla, case_id)

    answer = await publish_policy(
        office, policy(GROUP, plan_days=9, name="集团"), apply_to_running=True
    )
    assert (answer.policy.site_id, answer.policy.version) == (GROUP, 1)
    assert answer.job_id
    await run_jobs(sla)

    policies = {
        site_id: await office.ask(
            sla_service_pb2.GetPolicyRequest(site_id=site_id), sites=EVERYWHERE
        )
        for site_id in (SITE, "detached", "own")
    }
    versions = {
        site_id: (response.policy.version, response.policy.template_version)
        for site_id, response in policies.items()
    }
    assert versions == {SITE: (2, 1), "detached": (2, 0), "own": (3, 1)}
    assert [rule.source for rule in policies["own"].effective] == [
        sla_service_pb2.RULE_SOURCE_SITE,
        sla_service_pb2.RULE_SOURCE_GROUP,
        sla_service_pb2.RULE_SOURCE_DEFAULT,
    ]
    assert [rule.name for rule in policies["own"].policy.rules] == ["本矿"]
    (_, followed) = await sla.published("policy/own")
    assert followed == sla_facts_pb2.PolicyPublished(policy=policies["own"].policy)
    # The running clock of a site that inherits has moved.
    assert (await plan_of(sla, case_id))[1] > due

    # A site that comes later begins with it.
    await sla.publish_directory("late")
    late = await office.ask(sla_service_pb2.GetPolicyRequest(site_id="late"), sites=EVERYWHERE)
    assert (late.policy.version, late.policy.template_version) == (1, 1)
    group = await office.ask(sla_service_pb2.GetPolicyRequest(site_id=GROUP))
    assert group.policy == answer.policy

    # Once more changes nothing.
    await publish_policy(office, policy(GROUP, plan_days=9, name="集团"), apply_to_running=True)
    rows = await everything(sla)
    await run_jobs(sla)
    assert await everything(sla) == rows


async def test_the_template_is_for_those_who_see_all_sites(sla: Sla, office: Office) -> None:
    for request in (
        sla_service_pb2.PublishPolicyRequest(policy=policy(GROUP, 9)),
        sla_service_pb2.PreviewPolicyRequest(policy=policy(GROUP, 9)),
    ):
        for sites in ((SITE,), (SITE, GROUP)):
            refusal = await office.refused(request, sites=sites)
            assert refusal.reason == "PERMISSION_DENIED"
    assert not await sla.rows("SELECT FROM templates")


async def test_an_old_version_is_read_as_it_worked(sla: Sla, office: Office) -> None:
    await publish_policy(office, policy(plan_days=1))
    await publish_policy(office, policy(GROUP, plan_days=9, name="集团"))
    await run_jobs(sla)
    await publish_policy(office, policy(plan_days=5))
    for version, sources in ((1, 1), (2, 2), (3, 3), (4, 3)):
        request = sla_service_pb2.GetPolicyRequest(site_id=SITE, version=version)
        response = await office.ask(request)
        assert response.policy.version == version
        assert len(response.effective) == sources
