"""Suggests while an appeal is typed in: its category, and cases it may repeat."""

import asyncio
from typing import Any

from backstop.intake.v1 import intake_registration_pb2 as rpc
from chassis.call import current_call
from chassis.clock import decision_time
from chassis.convert import to_datetime
from services.intake.convert import suggesting as convert
from services.intake.domain import duplicates, lexicon, suggesting, visibility
from services.intake.handlers.sites import check_site
from services.intake.rpc.common import Base
from services.intake.store import directory
from services.intake.store import suggesting as store


class SuggestingMixin(Base):
    """Suggests while an appeal is typed in; nothing is kept of it.

    Words are looked for beside the loop, and without a connection held: a long appeal takes a
    tenth of a second, in which others go on.
    """

    async def SuggestCase(
        self, request: rpc.SuggestCaseRequest, context: Any
    ) -> rpc.SuggestCaseResponse:
        actor, site_id = current_call(request).actor, request.site_id
        async with self.app.read(actor) as connection:
            await check_site(connection, actor, site_id)
            words = await self.lexicons.newest(connection, site_id)
            place = request.place or await store.load_place(connection, site_id, request.post_id)
            now = await decision_time(connection)
        found = await asyncio.to_thread(lexicon.suggest, words, request.text, place)
        category = request.category or (found[0].category_id if found else "")
        wanted = store.Wanted(
            site_id=site_id,
            callers=visibility.behind(actor.subject, actor.acting_for),
            now=now,
            needles=await asyncio.to_thread(suggesting.needles, words, request.text, place),
            place=place,
            category=category,
            unit_id=request.unit_id,
        )
        async with self.app.read(actor) as connection:
            names = await directory.list_names(
                connection, site_id, [one.category_id for one in found]
            )
            on_file = await store.list_candidates(connection, wanted)
        likely = await asyncio.to_thread(
            duplicates.rank,
            request.text,
            place,
            request.unit_id,
            category,
            to_datetime(request.occurred_time) if request.HasField("occurred_time") else now,
            [one.candidate for one in on_file],
            words,
        )
        return rpc.SuggestCaseResponse(
            categories=[
                convert.category(one, names.get(("category", one.category_id), "")) for one in found
            ],
            duplicates=convert.duplicates(likely, {one.candidate.case_id: one for one in on_file}),
            lexicon_version=words.version,
        )
