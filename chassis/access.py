"""Who may call what: read from the rule beside each RPC, so that nothing is open by omission."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from backstop.access.v1 import access_pb2
from chassis.actor import Actor
from chassis.errors import Refused

_ROLE_PREFIX = "ROLE_"


class MissingAccessRuleError(Exception):
    """A method of a server has no rule (backstop.access.v1.rule)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call one method; an empty rule lets nobody pass."""

    roles: frozenset[str]
    services: frozenset[str]
    anyone: bool

    def decide(self, actor: Actor) -> None:
        """Raises Refused PERMISSION_DENIED unless one part of the rule admits the actor."""
        if self.anyone:
            return
        if actor.service:
            if actor.service_name in self.services:
                return
        elif not self.roles.isdisjoint(actor.roles):
            return
        needed = sorted(self.roles) + [f"service:{name}" for name in sorted(self.services)]
        raise Refused("PERMISSION_DENIED", needed=", ".join(needed) or "—")


def method_path(method: MethodDescriptor) -> str:
    """Returns the path a method has on the wire: "/package.Service/Method"."""
    return f"/{method.containing_service.full_name}/{method.name}"


def read_rule(method: MethodDescriptor) -> Rule | None:
    """Returns the rule written beside the method, None when there is none."""
    options = method.GetOptions()
    if not options.HasExtension(access_pb2.rule):
        return None
    option = options.Extensions[access_pb2.rule]
    return Rule(
        roles=frozenset(
            access_pb2.Role.Name(role).removeprefix(_ROLE_PREFIX)
            for role in option.roles
            if role != access_pb2.ROLE_UNSPECIFIED
        ),
        services=frozenset(option.services),
        anyone=option.anyone,
    )


def check_services(descriptors: Iterable[ServiceDescriptor]) -> Mapping[str, Rule]:
    """Returns the rule of every method by its path.

    Raises MissingAccessRuleError naming all methods that have none: such a server must not start.
    """
    rules: dict[str, Rule] = {}
    missing: list[str] = []
    for descriptor in descriptors:
        for method in descriptor.methods:
            rule = read_rule(method)
            if rule is None:
                missing.append(method.full_name)
            else:
                rules[method_path(method)] = rule
    if missing:
        raise MissingAccessRuleError(f"no access rule: {', '.join(sorted(missing))}")
    return rules
