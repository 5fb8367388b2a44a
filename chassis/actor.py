"""Who acts, so that every handler, query and journal entry knows it."""

from dataclasses import dataclass

from backstop.fact.v1 import fact_pb2

ALL_SITES = "*"
SERVICE_PREFIX = "service:"


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller as the token describes it.

    `subject` is a person's code, "system:<name>" or "service:<name>"; `roles` are names of
    backstop.access.v1.Role without the prefix; `sites` holds site ids, or "*" for all.
    """

    subject: str
    roles: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    acting_for: str = ""
    service: bool = False

    def has(self, *roles: str) -> bool:
        """Tells whether the actor holds one of the roles."""
        return not self.roles.isdisjoint(roles)

    def may_see(self, site_id: str) -> bool:
        """Tells whether the site's data are open to the actor."""
        return site_id in self.sites or ALL_SITES in self.sites

    @property
    def only_reports(self) -> bool:
        """Tells whether it is a reporter and nothing else: nobody whose work is on record."""
        return self.roles == {"REPORTER"}

    @property
    def service_name(self) -> str:
        """Name of the service that acts; empty for people and other systems."""
        return self.subject.removeprefix(SERVICE_PREFIX) if self.service else ""

    def to_fact(self) -> fact_pb2.Actor:
        """Returns the actor as facts carry it: who and for whom, no rights."""
        return fact_pb2.Actor(subject=self.subject, acting_for=self.acting_for)

    @classmethod
    def from_fact(cls, message: fact_pb2.Actor) -> "Actor":
        """Returns the actor of a fact: without roles or sites, since a fact grants nothing."""
        return cls(
            subject=message.subject,
            acting_for=message.acting_for,
            service=message.subject.startswith(SERVICE_PREFIX),
        )


# Whoever calls a method open to anyone without a token; sees no site's rows.
ANYONE = Actor(subject="anyone")


def service_actor(name: str) -> Actor:
    """Returns the actor that a service of the suite is when it acts by itself."""
    return Actor(subject=f"{SERVICE_PREFIX}{name}", sites=frozenset({ALL_SITES}), service=True)
