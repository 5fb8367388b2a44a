"""What routing can be told beside what every service can."""

from typing import Annotated

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    # How late, at most, open cases follow rows of the matrix that begin at midnight.
    day_poll_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
