"""What sla can be told beside what every service can."""

from typing import Annotated

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    # Firing one by one costs some ten times as much a firing (`python -m bench.timers --only
    # sla-single`); more than hundreds only hold locks longer.
    timer_batch_size: Annotated[int, Field(ge=1, le=2000)] = 500
    # Behind the wake-ups; what a lost one costs at most.
    timer_poll_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    # Missing years are told once a week; this is how often it is looked for them.
    year_poll_seconds: Annotated[float, Field(gt=0, le=86400)] = 3600.0
