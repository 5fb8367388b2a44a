"""What a site sets up for its window: its rules, and the words of its people."""

from functools import partial
from typing import Any

from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_rules_pb2 as rpc
from chassis.call import current_call
from chassis.convert import set_timestamp
from chassis.work import once
from services.intake.convert import rules as convert
from services.intake.handlers import rules as handlers
from services.intake.handlers.sites import check_site
from services.intake.rpc.common import Base
from services.intake.store import lexicons
from services.intake.store import rules as store


class RulesMixin(Base):
    """What a site sets up for its window."""

    async def PublishWindowRules(
        self, request: rpc.PublishWindowRulesRequest, context: Any
    ) -> rpc.PublishWindowRulesResponse:
        call = current_call(request)
        publish = partial(
            handlers.publish_rules,
            site_id=request.site_id,
            rules=convert.from_message(request.rules, 0),
            base_version=request.base_version,
        )
        receipt = await once(self.app, call, publish)
        return rpc.PublishWindowRulesResponse(version=receipt.version)

    async def GetWindowRules(
        self, request: rpc.GetWindowRulesRequest, context: Any
    ) -> rpc.GetWindowRulesResponse:
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            await check_site(connection, actor, request.site_id)
            published = await store.load_published(connection, request.site_id)
        response = rpc.GetWindowRulesResponse(
            version=published.rules.version,
            rules=convert.to_message(published.rules),
            published_by=published.published_by,
        )
        set_timestamp(response.publish_time, published.publish_time)
        return response

    async def PublishLexicon(
        self, request: registration.PublishLexiconRequest, context: Any
    ) -> registration.PublishLexiconResponse:
        call = current_call(request)
        publish = partial(
            handlers.publish_lexicon,
            site_id=request.site_id,
            lexicon=request.lexicon,
            base_version=request.base_version,
        )
        receipt = await once(self.app, call, publish)
        self.lexicons.forget(request.site_id)
        return registration.PublishLexiconResponse(version=receipt.version)

    async def GetLexicon(
        self, request: registration.GetLexiconRequest, context: Any
    ) -> registration.GetLexiconResponse:
        actor = current_call(request).actor
        async with self.app.read(actor) as connection:
            await check_site(connection, actor, request.site_id)
            version, lexicon = await lexicons.load_lexicon(connection, request.site_id)
        return registration.GetLexiconResponse(version=version, lexicon=lexicon)
