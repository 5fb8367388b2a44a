"""Lists, counts and inboxes hold what is asked for, page by page, whatever is added meanwhile."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import grpc
import pytest

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.actor import service_actor
from chassis.convert import to_timestamp
from services.intake.domain.times import end_of_day
from tests.integration.intake.test_read_model import instant
from tests.integration.intake.window import NOW, Window


def asked(**fields: Any) -> finding.ListCasesRequest:
    return finding.ListCasesRequest(site_id="yuwu", **fields)


async def ids(window: Window, request: finding.ListCasesRequest, **how: Any) -> list[str]:
    """Returns all that a list has, page after page."""
    found: list[str] = []
    while True:
        page = await window.ask(request, "STEWARD", **how)
        found += [case.case_id for case in page.cases]
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def clock(clock_id: str, hours: float, **fields: Any) -> sla_pb2.Clock:
    usual: dict[str, Any] = {
        "clock_id": clock_id, "kind": sla_pb2.CLOCK_KIND_PLAN, "cycle": 1,
        "start_time": instant(0), "due_time": to_timestamp(NOW + timedelta(hours=hours)),
        "state": sla_pb2.CLOCK_STATE_RUNNING,
    }  # fmt: skip
    return sla_pb2.Clock(**usual | fields)


async def start(window: Window, case_id: str, *clocks: sla_pb2.Clock) -> None:
    message = sla_facts_pb2.ClocksStarted(case_id=case_id, clocks=clocks)
    await window.tell("sla", case_id, "yuwu", message)


async def due(window: Window, case_id: str) -> Any:
    (row,) = await window.rows("SELECT due_time FROM cases WHERE case_id = $1", case_id)
    return row["due_time"]


async def test_the_nearest_deadline_is_kept_as_clocks_change(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    assert await due(window, case_id) is None
    reminder = clock("r", 1, kind=sla_pb2.CLOCK_KIND_REMINDER)
    await start(window, case_id, clock("a", 30), clock("b", 20), reminder)
    assert await due(window, case_id) == NOW + timedelta(hours=20)
    # What isn't told of stays, what is told counts as told.
    met = clock("b", 20, state=sla_pb2.CLOCK_STATE_MET)
    await window.tell(
        "sla", case_id, "yuwu", sla_facts_pb2.ClocksStopped(case_id=case_id, clocks=[met])
    )
    assert await due(window, case_id) == NOW + timedelta(hours=30)
    breached = clock("a", 30, state=sla_pb2.CLOCK_STATE_BREACHED)
    await window.tell(
        "sla", case_id, "yuwu", sla_facts_pb2.ClockBreached(case_id=case_id, clock=breached)
    )
    assert await due(window, case_id) is None


async def test_nothing_is_due_in_a_closed_case(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    await start(window, case_id, clock("a", 30))
    assert await due(window, case_id) is not None
    confirm = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    await window.ask(confirm, nobody=True)
    await window.ask(rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DISPATCHER")
    assert await due(window, case_id) is None
    await start(window, case_id, clock("b", 40))
    assert await due(window, case_id) is None


@pytest.mark.parametrize("wrong", ["due_time + interval '1 second'", "NULL"])
async def test_fsck_finds_a_deadline_that_isnt_of_the_clocks(window: Window, wrong: str) -> None:
    case_id = (await window.register()).case.case_id
    reminder = clock("r", 1, kind=sla_pb2.CLOCK_KIND_REMINDER)
    await start(window, case_id, clock("a", 30), clock("b", 20), reminder)
    assert await _wrong_deadlines(window) == []
    async with window.database.worker.transaction(service_actor("intake")) as connection:
        await connection.execute(f"UPDATE cases SET due_time = {wrong}")
    assert await _wrong_deadlines(window) == [case_id]


async def test_fsck_finds_a_deadline_of_a_closed_case(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    await start(window, case_id, clock("a", 30))
    confirm = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    await window.ask(confirm, nobody=True)
    await window.ask(rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DISPATCHER")
    # Its clock is still said to run.
    assert await _wrong_deadlines(window) == []
    async with window.database.worker.transaction(service_actor("intake")) as connection:
        await connection.execute("UPDATE cases SET due_time = now()")
    assert await _wrong_deadlines(window) == [case_id]


async def _wrong_deadlines(window: Window) -> list[str]:
    return [
        one.subject_id
        for one in await window.findings()
        if one.check == "due_time_not_of_the_clocks"
    ]


async def test_every_order_pages_through_all_once_those_without_a_value_last(
    window: Window,
) -> None:
    made = [(await window.register()).case.case_id for _ in range(7)]
    for number, hours in ((1, 50.0), (3, 10.0), (4, 10.0), (6, 20.0)):
        await start(window, made[number], clock(f"c{number}", hours))
    pair = made[3:5]
    for order, expected in (
        ("", made[::-1]),
        ("record_time", made),
        ("occurred_time desc", made[::-1]),
        ("number", made),
        ("number desc", made[::-1]),
        ("level", made),
        ("due_time", [*pair, made[6], made[1], made[5], made[2], made[0]]),
        ("due_time desc", [made[1], made[6], *pair[::-1], made[5], made[2], made[0]]),
        ("close_time", made[::-1]),
        ("close_time desc", made[::-1]),
    ):
        for size in (1, 2, 3, 5):
            request = asked(order_by=order, page_size=size)
            assert await ids(window, request) == expected, (order, size)


async def test_what_comes_meanwhile_moves_no_page(window: Window) -> None:
    made = [(await window.register()).case.case_id for _ in range(4)]
    request = asked(page_size=2)
    first = await window.ask(request, "STEWARD")
    await window.register()
    request.page_token = first.next_page_token
    second = await window.ask(request, "STEWARD")
    assert [case.case_id for case in (*first.cases, *second.cases)] == made[::-1]


async def test_words_and_filters_find_together(window: Window) -> None:
    await window.register(text="南风井浴室淋浴头损坏")
    cold = (await window.register(text="食堂饭菜偏凉", place="北风井食堂", post_id="")).case.case_id
    shower = (await window.register(text="淋浴头没有热水", category="")).case.case_id
    for query, filter_, count in (
        ("淋浴", "", 2),
        ("淋浴头 热水", "", 1),
        ("热水 淋浴头", "", 1),
        ("北风井", "", 1),
        ("饭", "", 1),
        ("淋 浴 头 损", "", 1),
        ("浴淋", "", 0),
        ("淋浴", "category = BATHING", 1),
        ("", '"淋浴头" OR "饭菜"', 3),
        ("", 'NOT "淋浴头"', 1),
        ("ＷiFi", "", 0),
    ):
        request = asked(query=query, filter=filter_)
        assert len(await ids(window, request)) == count, (query, filter_)
        counted = await window.ask(
            finding.CountCasesRequest(site_id="yuwu", query=query, filter=filter_), "STEWARD"
        )
        assert counted.total == count
    assert await ids(window, asked(query="偏凉")) == [cold]
    assert await ids(window, asked(query="热水", page_size=1)) == [shower]


async def test_words_find_nothing_of_another_site_or_about_the_caller(window: Window) -> None:
    await window.register(text="班长骂人", about_persons=["s-1"])
    await window.register(text="班长骂人")
    assert len(await ids(window, asked(query="骂人"), subject="s-1")) == 1
    assert len(await ids(window, asked(query="骂人"), subject="d-1")) == 2
    unseen = await window.refused(asked(query="骂人"), "STEWARD", sites=("other",))
    assert unseen.reason == "SITE_UNKNOWN"
    count = finding.CountCasesRequest(site_id="yuwu", query="骂人")
    assert (await window.refused(count, "STEWARD", sites=("other",))).reason == "SITE_UNKNOWN"
    assert (await window.ask(count, "STEWARD", subject="s-1")).total == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"filter": "stat = CLOSED"}, "FILTER_INVALID"),
        ({"filter": "state ="}, "FILTER_INVALID"),
        ({"filter": "(" * 11 + "open = true" + ")" * 11}, "FILTER_INVALID"),
        ({"filter": '"……"'}, "FILTER_INVALID"),
        ({"filter": "x\u200by = 1"}, "FILTER_INVALID"),
        ({"filter": "a" * 2001}, "INVALID_FIELD"),
        ({"query": "……"}, "INVALID_FIELD"),
        ({"query": "字" * 201}, "INVALID_FIELD"),
        ({"order_by": "text"}, "INVALID_FIELD"),
        ({"order_by": "record_time; DROP TABLE cases"}, "INVALID_FIELD"),
        ({"order_by": "record_time desc, number"}, "INVALID_FIELD"),
        ({"page_token": "bm9uZQ"}, "INVALID_PAGE_TOKEN"),
        ({"page_size": 201}, "INVALID_FIELD"),
    ],
)
async def test_what_cant_be_asked_is_refused(
    window: Window, fields: dict[str, Any], reason: str
) -> None:
    assert (await window.refused(asked(**fields), "STEWARD")).reason == reason


async def test_ten_megabytes_of_query_are_refused_by_the_walls(window: Window) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await window.ask(asked(query="字" * 3_500_000), "STEWARD")
    assert caught.value.code() in (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INVALID_ARGUMENT,
    )


async def test_a_page_of_another_question_has_no_next(window: Window) -> None:
    for _ in range(3):
        await window.register()
    token = (await window.ask(asked(page_size=1), "STEWARD")).next_page_token
    for fields in (
        {"order_by": "number"},
        {"filter": "open = true"},
        {"query": "淋浴"},
        {"view": finding.INBOX_VIEW_UNASSIGNED},
        {"site_id": "other"},
    ):
        other = finding.ListCasesRequest(**{"site_id": "yuwu"} | fields, page_token=token)
        answer = await window.refused(other, "STEWARD", sites=("*",))
        assert answer.reason == "INVALID_PAGE_TOKEN", fields


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE cases; --", "$1", "%", "_", "\\'", "x') OR ('1'='1", "{columns}"]
)
async def test_what_looks_like_sql_is_only_looked_for(window: Window, text: str) -> None:
    await window.register()
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    for name in ("steward", "place", "hand", "number"):
        assert await ids(window, asked(filter=f"{name}:{quoted}")) == []
    assert await ids(window, asked(accountable=text[:60], unit_id=text[:40])) == []
    assert len(await ids(window, asked())) == 1


async def test_cases_are_counted_in_groups(window: Window) -> None:
    for category in ("BATHING", "BATHING", ""):
        await window.register(category=category)
    request = finding.CountCasesRequest(site_id="yuwu", group_by=finding.COUNT_GROUP_CATEGORY)
    counted = await window.ask(request, "STEWARD")
    assert counted.total == 3
    assert [one.count for one in counted.counts] == [2, 1]
    assert counted.counts[0].value == "BATHING"
    for group in finding.CountGroup.values():
        request = finding.CountCasesRequest(site_id="yuwu", group_by=group)
        assert (await window.ask(request, "STEWARD")).total == 3
    request = finding.CountCasesRequest(site_id="yuwu", filter="open = false")
    assert list((await window.ask(request, "STEWARD")).counts) == []


async def test_each_inbox_lists_what_it_counts(window: Window) -> None:
    made = [(await window.register()).case.case_id for _ in range(6)]
    async with window.database.worker.connection() as connection:
        await connection.execute(
            "INSERT INTO people (site_id, person_id, name, unit_id) VALUES"
            " ('yuwu', 'h-1', '样例丙', 'bath')"
            " ON CONFLICT (site_id, person_id) DO UPDATE SET unit_id = excluded.unit_id"
        )
    assigned: dict[str, Any] = {
        "unit_id": "south", "steward": "h-1", "accountable": "h-1", "assigned_by": "d-1",
    }  # fmt: skip
    for case_id in made[:3]:
        await window.tell(
            "routing", case_id, "yuwu",
            routing_facts_pb2.CaseAssigned(case_id=case_id, **assigned),
        )  # fmt: skip
    await window.tell(
        "routing", made[0], "yuwu",
        routing_facts_pb2.CaseEscalated(
            case_id=made[0], cycle=1, to_level=3, accountable="l-1"
        ),
    )  # fmt: skip
    await window.tell(
        "routing", made[1], "yuwu",
        routing_facts_pb2.WorkOrdersDispatched(case_id=made[1], work_orders=[
            routing_pb2.WorkOrder(
                work_order_id="w", unit_id="bath", dispatch_time=instant(0), task="x",
                deadline_time=instant(48), state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
            )
        ]),
    )  # fmt: skip
    breached = clock("x", -2, state=sla_pb2.CLOCK_STATE_BREACHED)
    await start(window, made[2], breached)
    await start(window, made[3], clock("y", -0.01))
    await start(window, made[4], clock("z", 60))
    resolved = (await window.resolved()).case.case_id
    expected = {
        "MINE": made[:3],
        # Three of the unit "south" aren't of the caller's unit "bath"; the others are.
        "MY_UNIT": [made[1], *made[3:], resolved],
        "DUE_TODAY": [made[3]],
        "OVERDUE": [made[2]],
        "WAITING_FOR_REPORTER": [resolved],
        "WAITING_FOR_ME": [],
        "UNASSIGNED": [*made[3:], resolved],
        "TOP_LEVEL": [made[0]],
    }
    counted = await window.ask(finding.GetInboxRequest(site_id="yuwu"), "STEWARD", subject="h-1")
    counts = {one.view: one.count for one in counted.inboxes}
    assert len(counts) == len(expected)
    for name, cases in expected.items():
        view = finding.InboxView.Value(f"INBOX_VIEW_{name}")
        assert await ids(window, asked(view=view), subject="h-1") == cases[::-1], name
        assert counts[view] == len(cases), name
    # The receiver owes the first reply of all but the resolved one; who has a level answers too.
    waiting = asked(view=finding.INBOX_VIEW_WAITING_FOR_ME)
    assert await ids(window, waiting, subject="c-1") == made[::-1]
    waiting = asked(view=finding.INBOX_VIEW_WAITING_FOR_ME)
    assert await ids(window, waiting, subject="l-1") == [made[0]]
    for case_id in made:
        owed = (await window.case(case_id)).first_reply_owed_by
        assert owed == "c-1"
    answer = await window.refused(finding.GetInboxRequest(site_id="nowhere"), "STEWARD")
    assert answer.reason == "SITE_UNKNOWN"


async def test_states_units_and_persons_narrow_a_list(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await window.register(unit_id="south")
    assert await ids(window, asked(unit_id="bath")) == [case_id]
    assert len(await ids(window, asked(states=[pb.CASE_STATE_REGISTERED]))) == 2
    assert await ids(window, asked(states=[pb.CASE_STATE_CLOSED])) == []
    assert len(await ids(window, asked(accountable="position:DISPATCH_ROOM"))) == 2


async def test_what_is_due_at_midnight_is_due_today(window: Window) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    today = NOW.astimezone(zone).date()
    midnight = end_of_day(today, zone)
    tonight, tomorrow = [(await window.register()).case.case_id for _ in range(2)]
    await start(window, tonight, clock("a", 0, due_time=to_timestamp(midnight)))
    after = midnight + timedelta(days=1)
    await start(window, tomorrow, clock("b", 0, due_time=to_timestamp(after)))
    for fields in (
        {"view": finding.INBOX_VIEW_DUE_TODAY},
        {"filter": f"due_time = {today}"},
        {"filter": f"due_time <= {today}"},
        {"filter": f"due_time < {today + timedelta(days=1)}"},
    ):
        request = finding.ListCasesRequest(site_id="yuwu", **fields)
        listed = await window.ask(request, "DISPATCHER")
        assert [one.case_id for one in listed.cases] == [tonight], fields
