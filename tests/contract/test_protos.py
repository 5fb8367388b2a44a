"""What a caller reads in the protos is complete: every RPC says who may call and how it fails."""

import re
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import MethodOptions

from backstop.access.v1 import access_pb2
from tests.contract import descriptors
from tests.contract.descriptors import Commented

RPCS = list(descriptors.rpcs())
MUTATIONS = [
    rpc
    for rpc in RPCS
    if not re.match(
        r"(Get|List|Read|Track|Who|Compute|Add|Check|Explain|WorkingTime|Preview|Backtest"
        r"|Suggest|Count|Watch|Export|StreamLedger$)",
        rpc.name.split("/")[1],
    )
]
# One call, many mutations: each item is a request of its own and carries its own id, so that what
# is sent again after a broken call is answered item by item.
IN_THEIR_ITEMS = {
    "BatchRegisterCases": "RegisterCaseRequest",
    "StreamRegisterCases": "RegisterCaseRequest",
}


def _id(item: Commented) -> str:
    return item.name


def _message(type_name: str) -> Any:
    return next(m.descriptor for m in descriptors.messages() if f".{m.name}" == type_name)


def test_there_is_something_to_check() -> None:
    assert len(RPCS) > 30
    assert {rpc.name.split(".")[1] for rpc in RPCS} == {*descriptors.SERVICES, "operations"}


@pytest.mark.parametrize("rpc", RPCS, ids=_id)
def test_every_rpc_has_an_access_rule(rpc: Commented) -> None:
    options = MethodOptions.FromString(rpc.descriptor.options.SerializeToString())
    rule = options.Extensions[access_pb2.rule]
    assert rule.roles or rule.services or rule.anyone


@pytest.mark.parametrize("rpc", RPCS, ids=_id)
def test_every_rpc_says_who_may_call_and_what_repeating_does(rpc: Commented) -> None:
    assert "Who may call:" in rpc.comment
    assert "Idempotency:" in rpc.comment
    assert rpc.comment.index("Who may call:") < rpc.comment.index("Idempotency:")


@pytest.mark.parametrize("rpc", RPCS, ids=_id)
def test_every_rpc_has_messages_of_its_own(rpc: Commented) -> None:
    name = rpc.name.split("/")[1]
    assert rpc.descriptor.input_type.endswith(f".{name}Request")
    assert rpc.descriptor.output_type.endswith(f".{name}Response")


@pytest.mark.parametrize("rpc", [r for r in MUTATIONS if ".operations." not in r.name], ids=_id)
def test_every_mutation_carries_a_request_id(rpc: Commented) -> None:
    item = IN_THEIR_ITEMS.get(rpc.name.split("/")[1])
    request = _message(rpc.descriptor.input_type)
    if item is not None:
        (inner,) = [field for field in request.field if field.type_name.endswith(f".{item}")]
        request = _message(inner.type_name)
    names = [field.name for field in request.field]
    if rpc.name.endswith("SealWorkOrders") or rpc.name.endswith("UnsealWorkOrders"):
        assert "case_id" in names  # naturally idempotent, see its comment
    else:
        assert names[0] == "request_id"


@pytest.mark.parametrize("value", list(descriptors.enum_values()), ids=_id)
def test_every_enum_value_has_a_comment(value: Commented) -> None:
    if not value.name.endswith("_UNSPECIFIED"):
        assert value.comment
    else:
        assert value.descriptor.number == 0


@pytest.mark.parametrize("message", list(descriptors.messages()), ids=_id)
def test_every_resource_and_fact_has_a_comment(message: Commented) -> None:
    if not message.name.endswith(("Request", "Response")):
        assert message.comment


@pytest.mark.parametrize("service", list(descriptors.services()), ids=_id)
def test_every_service_has_a_comment(service: Commented) -> None:
    assert service.comment
