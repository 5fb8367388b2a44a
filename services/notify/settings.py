"""What notify can be told, beside the settings of every service."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Which driver serves which channel, and how patiently; times in seconds."""

    for_serving: ClassVar[tuple[str, ...]] = (*ServiceSettings.for_serving, "root_key_file")

    # Off: messages are planned and wait. For a restored backup, until it is known what went out.
    sending: bool = True

    phone_driver: Literal["file", "webhook"] = "file"
    email_driver: Literal["file", "smtp", "webhook"] = "file"
    paper_driver: Literal["file", "webhook"] = "file"

    # Where the file driver writes; made when missing. Needed where a channel is served by it.
    mailbox_dir: Path | None = None

    smtp_host: str = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_sender: str = ""

    webhook_url: str = ""
    webhook_secret: SecretStr = SecretStr("")
    webhook_ca_file: Path | None = None

    # Bounds one attempt; a hold lasts thrice as long, so that it never ends before its attempt.
    send_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    send_attempts: Annotated[int, Field(ge=1, le=50)] = 8
    send_concurrency: Annotated[int, Field(ge=1, le=64)] = 8

    # What sla noticed so long after its time, or longer, isn't sent alone: it waits so many real
    # seconds for others of its recipient and goes out with them, as after an outage.
    digest_late_seconds: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    digest_hold_seconds: Annotated[float, Field(ge=0, le=3_600)] = 60.0

    @model_validator(mode="after")
    def _drivers_are_complete(self) -> Self:
        drivers = {self.phone_driver, self.email_driver, self.paper_driver}
        if "smtp" in drivers and not (self.smtp_host and self.smtp_sender):
            raise ValueError("the smtp driver needs smtp_host and smtp_sender")
        if "webhook" in drivers:
            if not (self.webhook_url and self.webhook_secret.get_secret_value()):
                raise ValueError("the webhook driver needs webhook_url and webhook_secret")
            if not self.webhook_url.startswith("https://") and not self.allow_plaintext:
                raise ValueError(
                    "webhook_url is not https; set allow_plaintext to send in the clear on purpose"
                )
        return self
