"""Who may call what, as the protos say it, for the list of what a caller may do with a case."""

from collections.abc import Mapping

from backstop.intake.v1 import intake_service_pb2
from chassis.access import read_rule
from services.intake.domain.actions import NAMES, Access


def _read() -> Mapping[str, Access]:
    methods = intake_service_pb2.DESCRIPTOR.services_by_name["IntakeService"].methods_by_name
    found = {}
    for name in NAMES:
        # A name that is no RPC, or one without a rule, is noticed at the start.
        rule = read_rule(methods[name])
        if rule is None:
            raise LookupError(f"{name} has no access rule")
        found[name] = Access(rule.roles, rule.anyone)
    return found


ACCESS = _read()
