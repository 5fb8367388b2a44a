"""What is too long is refused in our words; what no message takes, by gRPC itself."""

import grpc
import pytest

from chassis.ids import new_id
from chassis.server import LARGEST_MESSAGE_BYTES
from chassis.testing import bearer
from tests.integration.intake.window import Window, appeal


@pytest.mark.parametrize("characters", [4_001, LARGEST_MESSAGE_BYTES // 4])
async def test_a_long_text_is_told_by_its_field(window: Window, characters: int) -> None:
    answer = await window.refused(appeal(text="水" * characters), "CLERK")
    assert (answer.reason, answer.fields) == ("INVALID_FIELD", ("text",))
    assert await window.rows("SELECT case_id FROM cases") == []


async def test_what_no_message_takes_is_refused_without_our_words(window: Window) -> None:
    request = appeal(request_id=new_id(), text="x" * 10_000_000)
    metadata = bearer(window.keys.person("c-1", ("CLERK",), ("yuwu",)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await window.stub.RegisterCase(request, timeout=10, metadata=metadata)
    # As the protos say: this code without details is the only refusal that isn't ours.
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    trailing = dict(caught.value.trailing_metadata() or ())
    assert "grpc-status-details-bin" not in trailing
    assert await window.rows("SELECT case_id FROM cases") == []
    # The caller is heard again with something shorter.
    await window.register()
