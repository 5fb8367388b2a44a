"""A site as a folder of files that a person edits, and the requests that make it known.

What is wrong is named by file and line.
"""

from dataclasses import dataclass
from pathlib import Path

from backstop.intake.v1 import intake_registration_pb2, intake_rules_pb2
from backstop.notify.v1 import notify_service_pb2
from backstop.routing.v1 import routing_service_pb2
from backstop.sla.v1 import sla_calendar_pb2, sla_policy_pb2, sla_service_pb2
from ctl.failures import Problem
from ctl.organisation import files
from ctl.window_files import lexicon_of, rules_of
from ctl.yaml_messages import fill, read_yaml

FILES = ("directory", "matrix", "roster", "contacts")


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """The requests that make a site known.

    Matrix and roster travel with the directory, so that no unit is uncovered in between and
    nothing is half done. A site without a calendar, a policy, rules of the window or a lexicon of
    its own keeps what every site begins with.
    """

    directory: routing_service_pb2.PublishDirectoryRequest
    contacts: notify_service_pb2.PutContactsRequest
    calendar: sla_service_pb2.PublishCalendarRequest | None = None
    policy: sla_service_pb2.PublishPolicyRequest | None = None
    rules: intake_rules_pb2.PublishWindowRulesRequest | None = None
    lexicon: intake_registration_pb2.PublishLexiconRequest | None = None

    @property
    def site_id(self) -> str:
        return self.directory.directory.site_id


def read(folder: Path) -> SiteFolder:
    """Reads a folder with directory, matrix, roster and contacts, and perhaps what else a site has.

    That is a calendar, a policy, rules of the window, and a lexicon. Problem names file and place.
    """
    # Each of them has to be there.
    sites = {name: str(read_yaml(folder / f"{name}.yaml").get("site_id", "")) for name in FILES}
    lists = files.read(folder)
    if lists.faults:
        first, more = lists.faults[0], len(lists.faults) - 1
        rest = f"（另有 {more} 处 / and {more} more）" if more else ""
        raise Problem(f"{first.words}{rest}", field=f"{folder}/{first.place}")
    site_id = lists.directory.site_id
    found = SiteFolder(
        directory=routing_service_pb2.PublishDirectoryRequest(
            directory=lists.directory,
            matrix=lists.matrix,
            roster=routing_service_pb2.RosterContent(shifts=lists.roster),
        ),
        contacts=fill(
            notify_service_pb2.PutContactsRequest(),
            read_yaml(folder / "contacts.yaml"),
            folder / "contacts.yaml",
        ),
        calendar=_calendar(folder / "calendar.yaml"),
        policy=_policy(folder / "policy.yaml"),
        rules=_rules(folder / "rules.yaml"),
        lexicon=_lexicon(folder / "lexicon.yaml"),
    )
    for name, site in sites.items():
        _same_site(name, site, site_id)
    if found.calendar is not None:
        _same_site("calendar", found.calendar.calendar.site_id, site_id)
    if found.policy is not None:
        _same_site("policy", found.policy.policy.site_id, site_id)
    if found.rules is not None:
        _same_site("rules", found.rules.site_id, site_id)
    if found.lexicon is not None:
        _same_site("lexicon", found.lexicon.site_id, site_id)
    return found


def _same_site(name: str, site: str, site_id: str) -> None:
    if site != site_id:
        raise Problem(f"site_id {site!r} ≠ {site_id!r}", field=f"{name}.yaml")


def _calendar(path: Path) -> sla_service_pb2.PublishCalendarRequest | None:
    if not path.exists():
        return None
    calendar = fill(sla_calendar_pb2.Calendar(), read_yaml(path), path)
    return sla_service_pb2.PublishCalendarRequest(calendar=calendar)


def _policy(path: Path) -> sla_service_pb2.PublishPolicyRequest | None:
    if not path.exists():
        return None
    policy = fill(sla_policy_pb2.Policy(), read_yaml(path), path)
    return sla_service_pb2.PublishPolicyRequest(policy=policy)


def _rules(path: Path) -> intake_rules_pb2.PublishWindowRulesRequest | None:
    if not path.exists():
        return None
    data = read_yaml(path)
    return intake_rules_pb2.PublishWindowRulesRequest(
        site_id=str(data.get("site_id", "")), rules=rules_of(data, path)
    )


def _lexicon(path: Path) -> intake_registration_pb2.PublishLexiconRequest | None:
    if not path.exists():
        return None
    data = read_yaml(path)
    return intake_registration_pb2.PublishLexiconRequest(
        site_id=str(data.get("site_id", "")), lexicon=lexicon_of(data, path)
    )
