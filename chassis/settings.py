"""Settings from the environment and from secret files, refused early and in words.

A misspelt variable must not be silently ignored, and no printed settings may show a password.
"""

import base64
import binascii
import difflib
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "BACKSTOP_"
SECRETS_DIR = "BACKSTOP_SECRETS_DIR"
KEY_BYTES = 32


class SettingsError(Exception):
    """The settings can't be used; the text says which and why, without their values."""


class _SecretFolder(EnvSettingsSource):
    """Reads fields from files of their own name (app_dsn, pepper_file, …) in one folder."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls, env_prefix="")
        folder = os.environ.get(SECRETS_DIR, "")
        texts: dict[str, str | None] = {}
        if folder:
            if not Path(folder).is_dir():
                raise SettingsError(f"{SECRETS_DIR} is not a folder: {folder}")
            for name in settings_cls.model_fields:
                path = Path(folder) / name
                if path.is_file():
                    texts[name] = path.read_text(encoding="utf-8").strip()
        self.env_vars = texts

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self.env_vars.get(field_name), field_name, self.field_is_complex(field)


class ServiceSettings(BaseSettings):
    """What every service can be told; each service's settings.py derives its own from this.

    A field is the variable BACKSTOP_<FIELD>, or a file <field> in BACKSTOP_SECRETS_DIR; the
    variable wins. Empty means not set.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        extra="ignore",
        frozen=True,
    )

    # What no command can do without; each command adds its own (see `require`).
    for_serving: ClassVar[tuple[str, ...]] = (
        "app_dsn",
        "worker_dsn",
        "amqp_url",
        "trust_file",
        "service_key_file",
        "pepper_file",
    )
    for_migrating: ClassVar[tuple[str, ...]] = ("owner_dsn", "amqp_url")

    grpc_address: str = "127.0.0.1:7101"
    allow_plaintext: bool = False
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_ca_file: Path | None = None
    metrics_address: str = "127.0.0.1:7201"

    app_dsn: SecretStr = SecretStr("")
    worker_dsn: SecretStr = SecretStr("")
    owner_dsn: SecretStr = SecretStr("")
    # Throughput of one process peaks near eight connections.
    pool_size: Annotated[int, Field(ge=2, le=64)] = 8

    amqp_url: SecretStr = SecretStr("")
    amqp_management_url: SecretStr = SecretStr("")
    amqp_policy_check: bool = True

    peers: dict[str, str] = Field(default_factory=dict)
    trust_file: Path | None = None
    service_key_file: Path | None = None
    root_key_file: Path | None = None
    pepper_file: Path | None = None

    reflection: bool = False
    demonstration: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str = ""
    trace_ratio: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes all
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFolder(settings_cls)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("tls_cert_file and tls_key_file go together")
        encrypted = self.tls_cert_file is not None
        if not (encrypted or self.allow_plaintext or is_loopback(self.grpc_address)):
            raise ValueError(
                f"grpc_address {self.grpc_address} is not a loopback address and there is "
                "no TLS certificate; set allow_plaintext to serve in the clear on purpose"
            )
        for name, address in (("grpc_address", self.grpc_address), *self.peers.items()):
            split_address(address, name)
        split_address(self.metrics_address, "metrics_address")
        return self

    def require(self, *names: str) -> None:
        """Raises SettingsError naming every setting of `names` that isn't set."""
        missing = [name for name in names if _unset(getattr(self, name))]
        if missing:
            variables = ", ".join(PREFIX + name.upper() for name in missing)
            raise SettingsError(
                f"not set: {variables} (variables, or files of these names in small letters "
                f"without {PREFIX} in {SECRETS_DIR})"
            )

    def pepper(self) -> bytes:
        """Returns the 32 bytes of the pepper file."""
        return read_key(self.pepper_file, "pepper_file")

    def root_key(self) -> bytes:
        """Returns the 32 bytes of the root key file, for services that seal."""
        return read_key(self.root_key_file, "root_key_file")


Settings = TypeVar("Settings", bound=ServiceSettings)


def load_settings(
    settings_type: type[Settings], service: str, environ: Mapping[str, str] | None = None
) -> Settings:
    """Reads the settings of a service from the environment and the secrets folder.

    Raises SettingsError for an unknown BACKSTOP_ variable and for values that can't be used;
    never shows a value.
    """
    refuse_unknown(settings_type, service, os.environ if environ is None else environ)
    try:
        return settings_type()
    except ValidationError as error:
        problems = "; ".join(
            f"{PREFIX}{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            if item["loc"]
            else item["msg"]
            for item in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(f"settings of {service} can't be used: {problems}") from None


def refuse_unknown(
    settings_type: type[ServiceSettings], service: str, environ: Mapping[str, str]
) -> None:
    """Raises SettingsError when a BACKSTOP_ variable is none of the service's settings."""
    known = {PREFIX + name.upper() for name in settings_type.model_fields} | {SECRETS_DIR}
    for name in sorted(environ):
        if not name.upper().startswith(PREFIX) or name in known:
            continue
        close = difflib.get_close_matches(name.upper(), sorted(known), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise SettingsError(f"{name} is not a setting of {service}{hint}")


def read_key(path: Path | None, name: str) -> bytes:
    """Returns the 32 bytes that stand in a file as base64.

    Raises SettingsError, without the content, when the file is missing or of another length.
    """
    if path is None:
        raise SettingsError(f"not set: {PREFIX}{name.upper()}")
    try:
        key = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise SettingsError(f"{name} {path} can't be read: {type(error).__name__}") from None
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{name} {path} holds {len(key)} bytes instead of {KEY_BYTES}")
    return key


def split_address(address: str, name: str) -> tuple[str, int]:
    """Splits "host:port"; ValueError names the setting when it has another form."""
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise ValueError(f"{name} is not host:port: {address}")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Tells whether "host:port" can be reached from this machine only."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unset(value: object) -> bool:
    if isinstance(value, SecretStr):
        return not value.get_secret_value()
    return value is None or value == ""
