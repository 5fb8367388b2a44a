"""The checks over what was published: silent while all is well, and each finds its damage."""

import asyncpg
import pytest

from chassis.queries import load_queries
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.doing import findings
from tests.integration.routing.test_templates import publish, template

DAMAGE = {
    "directory_not_kept": "DELETE FROM directory_versions WHERE version = 2",
    "directory_version_beyond": "DELETE FROM templates",
    "holder_not_in_directory": "DELETE FROM people WHERE person_id = 'sun'",
    "ladder_without_top": "DELETE FROM ladder_levels WHERE level = 1",
}
MORE_DAMAGE = {
    "directory_not_kept": "UPDATE sites SET directory_version = 7",
    "directory_version_beyond": "UPDATE sites SET directory_version = 1",
    "holder_not_in_directory": "UPDATE positions SET outside = false",
    "ladder_without_top": "DELETE FROM ladder_levels",
}


@pytest.mark.parametrize("check", list(DAMAGE))
async def test_the_checks_find_what_they_are_there_for(mine: Mine, check: str) -> None:
    await publish(mine, template())
    await mine.hand_over()
    assert await findings(mine) == []
    sql = load_queries("services.routing", "sql/fsck.sql").blocks[check].sql
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    try:
        for damage in (DAMAGE[check], MORE_DAMAGE[check]):
            transaction = owner.transaction()
            await transaction.start()
            await owner.execute(damage)
            found = {row["subject_id"] for row in await owner.fetch(sql)}
            assert found == {f"directory/{SITE}"}
            await transaction.rollback()
    finally:
        await owner.close()
