"""What every service offers to operators and peers, written once: its feed, flow and repairs."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message

from backstop.fact.v1 import fact_pb2
from backstop.operations.v1 import operations_service_pb2 as pb
from backstop.operations.v1 import operations_service_pb2_grpc as pb_grpc
from chassis import clock, feed, fsck, quarantine
from chassis.actor import ALL_SITES, Actor, service_actor
from chassis.call import current_call
from chassis.database import Database
from chassis.errors import Refused
from chassis.gatekeeper import Gatekeeper
from chassis.journal import timestamp
from chassis.pages import PageTokens, page_size
from chassis.queries import Queries, load_queries
from chassis.server import Registration

Context = grpc.aio.ServicerContext

_feed_queries = load_queries("chassis", "sql/feed.sql")
_gate_queries = load_queries("chassis", "sql/gate.sql")
_job_queries = load_queries("chassis", "sql/jobs.sql")

# Half of what a message may have; a subject's facts are asked for again from the last one on.
_RESPONSE_BYTES = 2 * 1024 * 1024
_FIRST_ID = "00000000-0000-0000-0000-000000000000"
_LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)


def _asker(request: Message) -> Actor:
    """Returns who asks: an operator is shown the sites of the token, a service all of them.

    Said here in words, since the worker's role is shown every row.
    """
    return current_call(request).actor


class FeedServicer(pb_grpc.FeedServiceServicer):
    """Answers consumers that miss facts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ReadSubject(
        self, request: pb.ReadSubjectRequest, context: Context[pb.ReadSubjectRequest, object]
    ) -> pb.ReadSubjectResponse:
        """Returns stamped facts of a subject, as many as were asked for and fit a message."""
        size = page_size(request.page_size, default=100)
        async with self._database.read(service_actor(self._database.schema)) as connection:
            facts = await feed.read_subject(
                connection,
                self._database.schema,
                request.subject_id,
                request.from_version,
                size,
            )
        asker = _asker(request)
        response = pb.ReadSubjectResponse()
        room = _RESPONSE_BYTES
        for fact in facts:
            if not asker.may_see(fact.site_id):
                break
            room -= fact.ByteSize()
            if room < 0 and response.facts:
                break
            response.facts.append(fact)
        return response


class OperationsServicer(pb_grpc.OperationsServiceServicer):
    """The operator's handles; `database` is of the worker role and sees all sites.

    What belongs to a site is for operators of that site, what concerns all for those of all.
    """

    def __init__(
        self,
        database: Database,
        gatekeeper: Gatekeeper,
        pages: PageTokens,
        checks: Sequence[Queries],
    ) -> None:
        self._database = database
        self._gatekeeper = gatekeeper
        self._pages = pages
        self._checks = checks

    async def ListQuarantine(
        self, request: pb.ListQuarantineRequest, context: Context[object, object]
    ) -> pb.ListQuarantineResponse:
        """Lists envelopes; payloads stay behind GetQuarantined."""
        rows, token = await self._page(
            request,
            request.page_size,
            _gate_queries.list_quarantine,
            (_BEGINNING, _FIRST_ID),
            lambda row: (row["quarantine_time"], row["quarantine_id"]),
        )
        facts = [_quarantined(row, full=False) for row in rows]
        return pb.ListQuarantineResponse(facts=facts, next_page_token=token)

    async def GetQuarantined(
        self, request: pb.GetQuarantinedRequest, context: Context[object, object]
    ) -> pb.GetQuarantinedResponse:
        """Returns one quarantined fact with its bytes."""
        row = await self._of_the_askers_sites(request)
        return pb.GetQuarantinedResponse(fact=_quarantined(row, full=True))

    async def ReplayQuarantined(
        self, request: pb.ReplayQuarantinedRequest, context: Context[object, object]
    ) -> pb.ReplayQuarantinedResponse:
        """Tries a quarantined fact once more."""
        await self._of_the_askers_sites(request)
        count = await quarantine.replay(self._gatekeeper, request.quarantine_id)
        return pb.ReplayQuarantinedResponse(applied_count=count)

    async def DropQuarantined(
        self, request: pb.DropQuarantinedRequest, context: Context[object, object]
    ) -> pb.DropQuarantinedResponse:
        """Gives a quarantined fact up."""
        await self._of_the_askers_sites(request)
        await quarantine.drop(self._gatekeeper, request.quarantine_id, request.reason)
        return pb.DropQuarantinedResponse()

    async def CheckInvariants(
        self, request: pb.CheckInvariantsRequest, context: Context[object, object]
    ) -> pb.CheckInvariantsResponse:
        """Runs the invariants of the chassis and of the service."""
        asker = _asker(request)
        findings = await fsck.check(self._database, self._checks)
        return pb.CheckInvariantsResponse(
            findings=[
                pb.Finding(
                    check=finding.check,
                    site_id=finding.site_id,
                    subject_id=finding.subject_id,
                    detail=finding.detail,
                )
                for finding in findings
                # One without a site is about the service.
                if not finding.site_id or asker.may_see(finding.site_id)
            ],
            check_count=sum(len(queries.blocks) for queries in self._checks),
        )

    async def GetFlow(
        self, request: pb.GetFlowRequest, context: Context[object, object]
    ) -> pb.GetFlowResponse:
        """Tells how far facts have got."""
        async with self._database.read(self._gatekeeper.actor) as connection:
            row = await connection.fetchrow(_feed_queries.read_flow)
            lag = await feed.relay_lag(connection)
            subject = await connection.fetch(
                _gate_queries.read_subject_flow, request.subject_id, sorted(_asker(request).sites)
            )
        if row is None:
            raise LookupError("the flow can't be read")
        return pb.GetFlowResponse(
            unstamped_count=row["unstamped_count"],
            feed_position=row["feed_position"],
            relay_position=row["relay_position"],
            parked_count=row["parked_count"],
            quarantined_count=row["quarantined_count"],
            open_job_count=row["open_job_count"],
            relay_lag=_duration(lag),
            decision_time=timestamp(row["decision_time"]),
            subject_version=subject[0]["subject_version"],
            applied_versions=[
                pb.AppliedVersion(source=one["source"], version=one["version"])
                for one in subject
                if one["source"] is not None
            ],
        )

    async def RewindRelay(
        self, request: pb.RewindRelayRequest, context: Context[object, object]
    ) -> pb.RewindRelayResponse:
        """Sets the relay's head."""
        _demand_all_sites(request)
        count, end = await feed.rewind(self._database, request.position)
        if count is None:
            raise Refused("NO_SUCH_POSITION", position=request.position, head=end)
        return pb.RewindRelayResponse(fact_count=count)

    async def SetClockOffset(
        self, request: pb.SetClockOffsetRequest, context: Context[object, object]
    ) -> pb.SetClockOffsetResponse:
        """Moves decision time in a demonstration."""
        _demand_all_sites(request)
        offset = request.offset.ToTimedelta()
        moved = await clock.set_offset(self._database, offset)
        return pb.SetClockOffsetResponse(decision_time=timestamp(moved))

    async def ListJobs(
        self, request: pb.ListJobsRequest, context: Context[object, object]
    ) -> pb.ListJobsResponse:
        """Lists jobs, newest first."""
        rows, token = await self._page(
            request,
            request.page_size,
            _job_queries.list_jobs,
            (_END, _LAST_ID),
            lambda row: (row["create_time"], row["job_id"]),
        )
        return pb.ListJobsResponse(jobs=[_job(row) for row in rows], next_page_token=token)

    async def _of_the_askers_sites(
        self,
        request: pb.GetQuarantinedRequest | pb.ReplayQuarantinedRequest | pb.DropQuarantinedRequest,
    ) -> asyncpg.Record:
        """Returns the quarantined fact; for others than its site's there is none."""
        query = _gate_queries.get_quarantined
        async with self._database.read(self._gatekeeper.actor) as connection:
            row = await connection.fetchrow(query, request.quarantine_id)
        if row is None or not _asker(request).may_see(row["site_id"]):
            raise Refused("NOT_IN_QUARANTINE", quarantine_id=request.quarantine_id)
        return row

    async def _page(
        self,
        request: pb.ListQuarantineRequest | pb.ListJobsRequest,
        asked: int,
        query: str,
        start: tuple[datetime, str],
        key: Callable[[asyncpg.Record], tuple[datetime, str]],
    ) -> tuple[list[asyncpg.Record], str]:
        """Returns a page after the request's token, and the token of the next one if any."""
        size = page_size(asked)
        after = self._pages.read(request) or start
        async with self._database.read(self._gatekeeper.actor) as connection:
            rows = await connection.fetch(query, *after, size + 1, sorted(_asker(request).sites))
        if len(rows) <= size:
            return rows, ""
        rows = rows[:size]
        return rows, self._pages.issue(request, key(rows[-1]))


def registrations(
    database: Database, gatekeeper: Gatekeeper, pages: PageTokens, package: str
) -> list[Registration]:
    """Returns both services for a server; `package` is the one with the service's sql/."""
    services = pb.DESCRIPTOR.services_by_name
    operations = OperationsServicer(database, gatekeeper, pages, fsck.load_checks(package))
    return [
        Registration(
            services["FeedService"],
            pb_grpc.add_FeedServiceServicer_to_server,
            FeedServicer(database),
        ),
        Registration(
            services["OperationsService"],
            pb_grpc.add_OperationsServiceServicer_to_server,
            operations,
        ),
    ]


def _demand_all_sites(request: Message) -> None:
    if not _asker(request).may_see(ALL_SITES):
        raise Refused("PERMISSION_DENIED", needed="OPERATOR (sites: *)")


def _quarantined(row: asyncpg.Record, *, full: bool) -> pb.QuarantinedFact:
    fact = fact_pb2.Fact()
    try:
        fact.ParseFromString(row["fact"])
    except DecodeError:
        fact.Clear()
    # What the row knows holds even where the bytes say nothing.
    fact.source = fact.source or row["source"]
    if not full:
        fact.ClearField("payload")
    return pb.QuarantinedFact(
        quarantine_id=row["quarantine_id"],
        reason=pb.QuarantineReason.Value(f"QUARANTINE_REASON_{row['reason']}"),
        detail=row["detail"],
        quarantine_time=timestamp(row["quarantine_time"]),
        fact=fact,
        raw=row["fact"] if full else b"",
    )


def _job(row: asyncpg.Record) -> pb.Job:
    finished = row["finish_time"]
    return pb.Job(
        job_id=row["job_id"],
        site_id=row["site_id"],
        kind=row["kind"],
        state=pb.Job.State.Value(f"STATE_{row['state']}"),
        done_count=row["done_count"],
        total_count=row["total_count"],
        create_time=timestamp(row["create_time"]),
        finish_time=None if finished is None else timestamp(finished),
    )


def _duration(value: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(value)
    return duration
