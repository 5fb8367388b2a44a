"""Fingerprints, page tokens, ids, actors, access rules and the common conversions."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as pb
from chassis import convert
from chassis.access import Rule, check_services
from chassis.actor import ANYONE, Actor, service_actor
from chassis.call import CallContext, current_call, enter_call, fingerprint, fingerprint_key
from chassis.errors import Refused
from chassis.ids import derived_fact_id, new_id, valid_id
from chassis.pages import PageTokens, page_size

KEY = fingerprint_key(b"p" * 32)


def _mutation_type() -> type[Message]:
    """A request with a request id, a map and a text, as services have them."""
    file = descriptor_pb2.FileDescriptorProto(name="m.proto", package="m.v1", syntax="proto3")
    message = file.message_type.add(name="DoRequest")
    for number, name in enumerate(("request_id", "text"), start=1):
        message.field.add(name=name, number=number, type=9, label=1)
    entry = message.nested_type.add(name="TagsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=9, label=1)
    entry.field.add(name="value", number=2, type=9, label=1)
    message.field.add(
        name="tags", number=3, type=11, label=3, type_name=".m.v1.DoRequest.TagsEntry"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("m.v1.DoRequest"))


DoRequest = _mutation_type()


def test_fingerprint_leaves_the_request_id_out() -> None:
    one = DoRequest(request_id="1", text="a", tags={"x": "1", "y": "2"})
    same = DoRequest(request_id="2", text="a", tags={"y": "2", "x": "1"})
    assert fingerprint(KEY, "/m", one) == fingerprint(KEY, "/m", same)
    assert getattr(one, "request_id") == "1"  # noqa: B009


@pytest.mark.parametrize(
    "other",
    [
        fingerprint(KEY, "/m", DoRequest(text="b")),
        fingerprint(KEY, "/n", DoRequest(text="a")),
        fingerprint(fingerprint_key(b"q" * 32), "/m", DoRequest(text="a")),
        fingerprint(KEY, "/m", DoRequest(text="a", tags={"": ""})),
    ],
)
def test_fingerprint_tells_bodies_methods_and_keys_apart(other: bytes) -> None:
    assert fingerprint(KEY, "/m", DoRequest(text="a")) != other


def test_current_call_outside_of_a_call_is_a_fault() -> None:
    with pytest.raises(LookupError):
        current_call(DoRequest())


async def test_current_call_takes_the_messages_request_id() -> None:
    actor = Actor("p-1")
    enter_call(CallContext("/m", "x-1", "", "en", KEY, actor=actor))
    call = current_call(DoRequest(request_id="r-1"))
    assert (call.actor, call.method, call.request_id, call.language) == (actor, "/m", "r-1", "en")


PAGES = PageTokens(b"p" * 32)
KEYSETS = st.lists(
    st.none() | st.integers(-(2**53), 2**53) | st.text() | st.datetimes(timezones=st.just(UTC))
)


@given(KEYSETS)
def test_page_token_brings_its_keyset_back(keyset: list[str | int | datetime | None]) -> None:
    token = PAGES.issue(pb.ListJobsRequest(page_size=10), keyset)
    # Another page size is the same query.
    again = PAGES.read(pb.ListJobsRequest(page_token=token, page_size=20))
    assert again == tuple(keyset)


def test_first_page_has_no_keyset() -> None:
    assert PAGES.read(pb.ListJobsRequest()) is None


TOKEN = PAGES.issue(pb.ListJobsRequest(), ["k", 1])


@pytest.mark.parametrize(
    "token",
    [
        TOKEN[:-2],
        "A" + TOKEN[1:],
        "!!!",
        "A",
        "é",
        PAGES.issue(pb.ListQuarantineRequest(), ["k", 1]),
        PageTokens(b"q" * 32).issue(pb.ListJobsRequest(), ["k", 1]),
    ],
)
def test_damaged_or_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(Refused) as caught:
        PAGES.read(pb.ListJobsRequest(page_token=token))
    assert caught.value.reason == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize(("asked", "given_"), [(0, 50), (1, 1), (200, 200), (9_999, 200)])
def test_page_size_has_default_and_maximum(asked: int, given_: int) -> None:
    assert page_size(asked) == given_


def test_negative_page_size_is_refused() -> None:
    with pytest.raises(Refused):
        page_size(-1)


def test_ids_are_valid_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert all(valid_id(one) for one in ids)
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert UUID(ids[0]).version == 7


ID = "01a20320-3810-75b6-8346-e9bf1bbb6bc8"


@pytest.mark.parametrize("text", ["", "x", ID.upper(), f"{{{ID}}}", f" {ID}"])
def test_other_forms_of_ids_are_not_valid(text: str) -> None:
    assert not valid_id(text)


def test_derived_fact_ids_depend_on_every_part() -> None:
    assert derived_fact_id("a", 1) == derived_fact_id("a", 1)
    others = {derived_fact_id("a", 2), derived_fact_id("a1"), derived_fact_id("a", 1, "")}
    assert derived_fact_id("a", 1) not in others
    assert len(others) == 3


def test_actor_sees_its_sites_only() -> None:
    actor = Actor("p-1", frozenset({"CLERK"}), frozenset({"north"}))
    assert actor.may_see("north")
    assert not actor.may_see("south")
    assert not ANYONE.may_see("north")
    assert service_actor("sla").may_see("south")
    assert actor.has("CLERK", "DIRECTOR")
    assert not actor.has("DIRECTOR")


def test_actor_of_a_fact_has_no_rights() -> None:
    actor = Actor("p-1", frozenset({"CLERK"}), frozenset({"north"}), acting_for="p-2")
    back = Actor.from_fact(fact_pb2.Actor.FromString(actor.to_fact().SerializeToString()))
    assert (back.subject, back.acting_for) == ("p-1", "p-2")
    assert not back.roles
    assert not back.sites
    assert Actor.from_fact(fact_pb2.Actor(subject="service:sla")).service_name == "sla"


@pytest.mark.parametrize(
    ("rule", "actor", "passes"),
    [
        (Rule(frozenset(), frozenset(), False), Actor("p", frozenset({"CLERK"})), False),
        (Rule(frozenset(), frozenset(), False), service_actor("sla"), False),
        (Rule(frozenset({"CLERK"}), frozenset(), False), Actor("p", frozenset({"CLERK"})), True),
        (Rule(frozenset({"CLERK"}), frozenset(), False), service_actor("sla"), False),
        (Rule(frozenset(), frozenset({"sla"}), False), service_actor("sla"), True),
        (Rule(frozenset(), frozenset({"sla"}), False), service_actor("notify"), False),
        (Rule(frozenset(), frozenset({"sla"}), False), Actor("service:sla"), False),
        (Rule(frozenset(), frozenset(), True), ANYONE, True),
    ],
)
def test_rule_admits_whom_it_names(rule: Rule, actor: Actor, passes: bool) -> None:
    if passes:
        rule.decide(actor)
    else:
        with pytest.raises(Refused) as caught:
            rule.decide(actor)
        assert caught.value.reason == "PERMISSION_DENIED"


def test_rules_are_read_from_the_proto() -> None:
    rules = check_services(pb.DESCRIPTOR.services_by_name.values())
    rule = rules["/backstop.operations.v1.FeedService/ReadSubject"]
    assert rule.roles == {"OPERATOR"}
    assert "sla" in rule.services
    assert not rule.anyone


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_the_way_there_and_back(value: datetime) -> None:
    assert convert.to_datetime(convert.to_timestamp(value)) == value


def test_time_of_another_zone_is_the_same_instant() -> None:
    value = datetime(2026, 11, 23, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    assert convert.to_timestamp(value).seconds == 1_795_395_600
    assert convert.to_datetime(convert.to_timestamp(value)).tzinfo is UTC


def test_naive_time_is_a_fault() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        convert.to_timestamp(datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253_402_300_800])
def test_time_beyond_the_calendar_is_refused(seconds: int) -> None:
    with pytest.raises(Refused) as caught:
        convert.to_datetime(Timestamp(seconds=seconds), "occurred_time")
    assert caught.value.fields[0].field == "occurred_time"


@given(st.dates())
def test_dates_survive_the_way_there_and_back(value: date) -> None:
    assert convert.to_date(convert.to_date_message(value)) == value


@pytest.mark.parametrize("bad", [Date(), Date(year=2026, month=2, day=30), Date(year=2026)])
def test_no_such_day_is_refused(bad: Date) -> None:
    with pytest.raises(Refused):
        convert.to_date(bad, "promised_date")


@given(st.timedeltas(timedelta(days=-9_000), timedelta(days=9_000)))
def test_durations_survive_the_way_there_and_back(value: timedelta) -> None:
    assert convert.to_timedelta(convert.to_duration(value)) == value


def test_duration_out_of_range_is_refused() -> None:
    with pytest.raises(Refused):
        convert.to_timedelta(Duration(seconds=2**62), "offset")
