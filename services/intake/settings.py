"""What intake can be told beyond what every service can."""

from typing import Annotated, ClassVar

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Intake seals reporters, so it can't serve without the root key."""

    for_serving: ClassVar[tuple[str, ...]] = (*ServiceSettings.for_serving, "root_key_file")

    # What a registration may spend on asking sla for the promised deadlines; the receipt goes
    # out without them rather than late.
    deadline_budget_milliseconds: Annotated[int, Field(ge=1, le=1000)] = 50

    # A stream of imports pauses while facts wait longer than this for the broker: live cases go
    # first.
    import_throttle_lag_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
