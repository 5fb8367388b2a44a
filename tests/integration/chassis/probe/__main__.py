"""Starts the probe: serve | migrate | check-config."""

from chassis.service import Parts, Runtime, ServiceSpec, main
from chassis.settings import ServiceSettings


async def compose(_: Runtime[ServiceSettings]) -> Parts:
    """Adds nothing to what every service has."""
    return Parts(servicers=[])


SPEC = ServiceSpec(
    name="probe",
    settings_type=ServiceSettings,
    compose=compose,
    package="tests.integration.chassis.probe",
    bindings={"probe": ("other",), "other": ("probe",)},
)

if __name__ == "__main__":
    main(SPEC)
