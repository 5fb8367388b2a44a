"""A suite of its own for the fault tests: what they kill must be nobody else's."""

from collections.abc import AsyncIterator, Iterator

import pytest

from deploy.local.layout import Instance
from tests.harness import Caller, Inspector, inspector, running_suite


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    with running_suite("faults", 8201) as started:
        yield started


@pytest.fixture
async def caller(instance: Instance) -> AsyncIterator[Caller]:
    caller = Caller(instance)
    yield caller
    await caller.close()


@pytest.fixture
async def inside(instance: Instance) -> AsyncIterator[Inspector]:
    async with inspector(instance) as opened:
        yield opened
