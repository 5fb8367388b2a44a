"""Where backstopctl finds the suite and who it is: options, environment, the instance's file.

An instance writes `client.env` (KEY=VALUE lines) into its folder; a variable of the environment
goes before the file, an option before both.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ctl.failures import Problem

SERVICES = ("intake", "routing", "sla", "notify")
PREFIX = "BACKSTOPCTL_"
KNOWN = frozenset(
    PREFIX + name
    for name in (
        "AS",
        "CA_FILE",
        "ENDPOINTS",
        "FSCK_DSN",
        "INSTANCE",
        "LANG",
        "SITE",
        "TIME_ZONE",
        "TOKENS",
        "TOKEN_FILE",
    )
)
DEFAULT_INSTANCE = "up"
# Token that the operating commands take by themselves.
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything backstopctl knows before it calls anybody."""

    endpoints: Mapping[str, str]
    # Folder of the instance's tokens; None when there is none.
    tokens: Path | None = None
    # The caller's token; empty for calls that need none.
    token: str = field(default="", repr=False)
    site: str = ""
    ca_file: Path | None = None
    fsck_dsn: str = field(default="", repr=False)
    # Of the reader, where they want another than the site's.
    time_zone: str = ""
    # Whether an option or a variable of the environment says who is calling.
    caller_named: bool = False
    # Where a site's names are kept for when routing is away; None when there is no place.
    cache: Path | None = None

    @property
    def operator_token(self) -> str:
        """The instance's operator, unless somebody else was named or there is none."""
        if self.caller_named or not self.has_token(OPERATOR):
            return self.token
        return self.token_of(OPERATOR)

    def has_token(self, name: str) -> bool:
        """Tells whether the instance has a token of that name."""
        return self.tokens is not None and (self.tokens / f"{name}.jwt").is_file()

    def endpoint(self, service: str) -> str:
        """Returns the address of a service; Problem when it isn't known."""
        address = self.endpoints.get(service, "")
        if not address:
            raise Problem(
                f"没有 {service} 的地址 / no address of {service}", field=f"{PREFIX}ENDPOINTS"
            )
        return address

    def token_of(self, name: str) -> str:
        """Returns the named token of the instance; Problem with the names there are."""
        if self.tokens is None:
            raise Problem(
                "没有令牌目录 / no folder of tokens; --token-file FILE?", field=f"{PREFIX}TOKENS"
            )
        path = self.tokens / f"{name}.jwt"
        if not path.is_file():
            names = ", ".join(sorted(p.stem for p in self.tokens.glob("*.jwt"))) or "—"
            raise Problem(f"没有令牌 {name}，现有：{names} / no such token", field="--as")
        return path.read_text().strip()


def load(
    environment: Mapping[str, str],
    *,
    instance: str = "",
    token_file: Path | None = None,
    acting_as: str = "",
    site: str = "",
    endpoints: str = "",
    start: Path | None = None,
) -> Settings:
    """Puts the settings together; Problem names the variable or option that is wrong."""
    unknown = sorted(k for k in environment if k.startswith(PREFIX) and k not in KNOWN)
    if unknown:
        raise Problem(
            f"不认识的变量 / not a setting of backstopctl: {unknown[0]}", field=unknown[0]
        )
    wanted = instance or environment.get(f"{PREFIX}INSTANCE", "")
    file = client_env(wanted or DEFAULT_INSTANCE, start or Path.cwd())
    if wanted and file is None:
        raise Problem(f"没有实例 {wanted} / no such instance", field="--instance")
    values = {**_read_env(file), **{k: v for k, v in environment.items() if k in KNOWN}}

    def value(name: str) -> str:
        return values.get(PREFIX + name, "")

    tokens = Path(value("TOKENS")) if value("TOKENS") else None
    if tokens is None and file is not None and (file.parent / "tokens").is_dir():
        tokens = file.parent / "tokens"
    found = Settings(
        endpoints=parse_endpoints(endpoints or value("ENDPOINTS")),
        tokens=tokens,
        ca_file=Path(value("CA_FILE")) if value("CA_FILE") else None,
        fsck_dsn=value("FSCK_DSN"),
        time_zone=value("TIME_ZONE"),
    )
    token = _token(found, token_file, acting_as, value("TOKEN_FILE"), value("AS"))
    named = (environment.get(f"{PREFIX}{name}", "") for name in ("AS", "TOKEN_FILE"))
    own = file is not None and not (endpoints or environment.get(f"{PREFIX}ENDPOINTS"))
    return replace(
        found,
        token=token,
        site=site or value("SITE") or only_site(token),
        caller_named=bool(token_file or acting_as or any(named)),
        cache=file.parent if own and file is not None else _cache(environment, found.endpoints),
    )


def _cache(environment: Mapping[str, str], endpoints: Mapping[str, str]) -> Path | None:
    """The user's cache, a folder for each suite, where no instance has a folder of its own."""
    home = environment.get("HOME", "")
    base = environment.get("XDG_CACHE_HOME", "") or (f"{home}/.cache" if home else "")
    routing = endpoints.get("routing", "")
    if not base or not routing:
        return None
    return Path(base) / "backstopctl" / hashlib.sha256(routing.encode()).hexdigest()[:16]


def client_env(instance: str, start: Path) -> Path | None:
    """Finds `.backstop/<instance>/client.env` here, above, or in the tree of this program."""
    for folder in (start, *start.parents, Path(__file__).resolve().parents[1]):
        file = folder / ".backstop" / instance / "client.env"
        if file.is_file():
            return file
    return None


def parse_endpoints(text: str) -> dict[str, str]:
    """Reads `intake=host:port,…` or a JSON object of the same."""
    name = f"{PREFIX}ENDPOINTS"
    text = text.strip()
    if not text:
        return {}
    if text.startswith("{"):
        try:
            pairs = dict(json.loads(text))
        except ValueError as error:
            raise Problem(f"不是 JSON / not JSON: {error}", field=name) from None
    else:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if bad := [part for part in parts if "=" not in part]:
            raise Problem(f"应写作 服务=主机：端口 / not service=host:port: {bad[0]}", field=name)
        pairs = dict(part.split("=", 1) for part in parts)
    strange = sorted(set(pairs) - set(SERVICES))
    if strange:
        raise Problem(f"没有这个服务 / no such service: {strange[0]}", field=name)
    return {service: str(address).strip() for service, address in pairs.items()}


def only_site(token: str) -> str:
    """Returns the site a token is for when it is for exactly one, else an empty string.

    Read without checking the signature: it is a convenience, and the suite checks.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        sites = json.loads(payload).get("sites", [])
    except (ValueError, AttributeError):
        return ""
    return str(sites[0]) if len(sites) == 1 and sites[0] != "*" else ""


def _token(
    found: Settings, token_file: Path | None, acting_as: str, env_file: str, env_as: str
) -> str:
    """The option goes before the environment, a file before a name."""
    if token_file is not None and acting_as:
        raise Problem("--as 与 --token-file 只能用一个 / use only one of them", field="--as")
    if acting_as:
        return found.token_of(acting_as)
    path = token_file or (Path(env_file) if env_file else None)
    if path is not None:
        try:
            return path.read_text().strip()
        except OSError as error:
            raise Problem(f"{path}: {error.strerror}", field="--token-file") from None
    return found.token_of(env_as) if env_as and found.tokens is not None else ""


def _read_env(file: Path | None) -> dict[str, str]:
    values: dict[str, str] = {}
    for number, line in enumerate(file.read_text().splitlines() if file else (), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        key, separator, value = text.partition("=")
        if not separator:
            raise Problem(f"第 {number} 行不是 KEY=VALUE / line {number}: {text}", field=str(file))
        values[key.strip()] = value.strip().strip("'\"")
    return values
