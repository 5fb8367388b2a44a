"""Requests about a site's lists, and what they are answered with."""

from collections.abc import Iterable

from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as pb
from backstop.routing.v1 import routing_pb2
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.convert import to_date_message, to_timestamp
from services.routing.convert.common import local_day
from services.routing.convert.directory import (
    category_from,
    directory_from,
    person_from,
    position_from,
    post_from,
    template_from,
    unit_from,
)
from services.routing.convert.matrix import responsibility_from
from services.routing.convert.roster import shifts_from
from services.routing.domain.commands import lists as commands
from services.routing.domain.matrix import Matrix, Responsibility
from services.routing.domain.publications import Publication, SiteList, Summary
from services.routing.domain.roster import Roster

_LIST = "SITE_LIST_"


def publish_directory(request: rpc.PublishDirectoryRequest) -> commands.PublishDirectory:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    matrix = None
    if request.HasField("matrix"):
        matrix = Matrix(
            site_id=request.directory.site_id,
            responsibilities=_rows(request.matrix.responsibilities, "matrix.responsibilities"),
            leading_office=request.matrix.leading_office,
            supporting_office=request.matrix.supporting_office,
            basis_document=request.matrix.basis_document,
        )
    roster = None
    if request.HasField("roster"):
        roster = Roster(
            request.directory.site_id, shifts_from(request.roster.shifts, "roster.shifts")
        )
    return commands.PublishDirectory(
        request.expected_version, directory_from(request.directory), matrix, roster
    )


def update_directory(request: pb.UpdateDirectoryRequest) -> commands.UpdateDirectory:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    return commands.UpdateDirectory(
        expected_version=request.expected_version,
        site_id=request.site_id,
        units=tuple(unit_from(m, f"units[{i}]") for i, m in enumerate(request.units)),
        people=tuple(person_from(m, f"people[{i}]") for i, m in enumerate(request.people)),
        positions=tuple(position_from(m) for m in request.positions),
        posts=tuple(post_from(m, f"posts[{i}]") for i, m in enumerate(request.posts)),
        categories=tuple(category_from(m) for m in request.categories),
        removed_unit_ids=tuple(request.removed_unit_ids),
        removed_person_ids=tuple(request.removed_person_ids),
        removed_position_ids=tuple(request.removed_position_ids),
        removed_post_ids=tuple(request.removed_post_ids),
        removed_category_ids=tuple(request.removed_category_ids),
        responsibilities=_rows(request.responsibilities, "responsibilities"),
    )


def publish_template(request: pb.PublishGroupTemplateRequest) -> commands.PublishGroupTemplate:
    """Raises Refused INVALID_FIELD for a day or a time of day that doesn't exist."""
    return commands.PublishGroupTemplate(request.expected_version, template_from(request.template))


def transfer_person(request: pb.TransferPersonRequest) -> commands.TransferPerson:
    """Raises Refused INVALID_FIELD for a day that doesn't exist."""
    return commands.TransferPerson(
        from_site_id=request.from_site_id,
        person_id=request.person_id,
        to_site_id=request.to_site_id,
        start_date=local_day(request.start_date, "start_date"),
        to_person_id=request.to_person_id or request.person_id,
        to_unit_id=request.to_unit_id,
        responsibilities=_rows(request.responsibilities, "responsibilities"),
    )


def person_transferred(command: commands.TransferPerson) -> facts.PersonTransferred:
    return facts.PersonTransferred(
        from_site_id=command.from_site_id,
        person_id=command.person_id,
        to_site_id=command.to_site_id,
        to_person_id=command.to_person_id,
        start_date=to_date_message(command.start_date),
    )


def list_from(value: "pb.SiteList.ValueType") -> SiteList:
    return SiteList(pb.SiteList.Name(value).removeprefix(_LIST))


def publication_message(which: SiteList, publication: Publication) -> pb.Publication:
    return pb.Publication(
        list=pb.SiteList.Value(_LIST + which),
        version=publication.version,
        publish_time=to_timestamp(publication.publish_time),
        published_by=publication.published_by,
    )


def summary_message(summary: Summary) -> pb.ListSitesResponse.SiteSummary:
    return pb.ListSitesResponse.SiteSummary(
        site_id=summary.site_id,
        name=summary.name,
        number_prefix=summary.number_prefix,
        time_zone=summary.time_zone,
        directory_version=summary.directory_version,
        matrix_version=summary.matrix_version,
        roster_version=summary.roster_version,
        unit_count=summary.unit_count,
        person_count=summary.person_count,
    )


def _rows(messages: Iterable[routing_pb2.Responsibility], field: str) -> tuple[Responsibility, ...]:
    return tuple(responsibility_from(m, f"{field}[{i}]") for i, m in enumerate(messages))
