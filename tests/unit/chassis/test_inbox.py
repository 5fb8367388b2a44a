"""What an inbox tells of itself to those who must not act before they have heard everything."""

import asyncio

from chassis.inbox import InboxState


async def test_it_begins_held_and_wakes_whoever_waits() -> None:
    state = InboxState()
    wake = asyncio.Event()
    state.watch(wake)
    held = state.held_seconds
    assert state.held_seconds > held
    state.set()
    assert (state.caught_up, state.held_seconds) == (True, 0.0)
    assert wake.is_set()


def test_a_second_loss_does_not_begin_the_hold_anew() -> None:
    state = InboxState(caught_up=True)
    state.clear()
    assert not state.caught_up
    held = state.held_seconds
    state.clear()
    assert state.held_seconds > held
