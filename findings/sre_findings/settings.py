"""Settings from flags, the environment, ``sre-ops.toml`` and defaults, in this order.

Only entry points read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sre_findings.model import secret_form
from sre_findings.model.errors import UsageError

if TYPE_CHECKING:
    from sre_findings.model.resources.owners import Owners

FILE = "sre-ops.toml"
_SPAN = re.compile(r"(\d+)\s*([smhd])\Z")
_SIZE = re.compile(r"(\d+)\s*([MGT]B)\Z")
_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SECRETS = {
    "SRE_TOKEN": secret_form.SERVER_TOKEN,
    "SRE_SMTP_PASSWORD": secret_form.SMTP_PASSWORD,
    "SRE_SLACK_BOT_TOKEN": secret_form.BOT_TOKEN,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key in the file, its environment variable, its default and its meaning."""

    key: str
    variable: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "store",
        "SRE_STORE",
        "a folder in the user's data directory",
        "Snapshot store: file:///… or s3://bucket/prefix.",
    ),
    Setting(
        "table",
        "SRE_TABLE",
        "table.db beside a local store",
        "Rollup table: sqlite:////… or dynamodb://table.",
    ),
    Setting(
        "kms_key",
        "SRE_KMS_KEY",
        "the bucket's default",
        "KMS key for objects in the bucket: ARN or alias.",
    ),
    Setting(
        "signing_key",
        "SRE_SIGNING_KEY",
        "none",
        "KMS key that signs snapshots: ARN, ID or alias. Unsigned snapshots are then refused.",
    ),
    Setting("max_age", "SRE_MAX_AGE", "26h", "Maximum age of a fresh snapshot: 90m, 26h, 3d."),
    Setting(
        "engine",
        "SRE_ENGINE",
        "duckdb",
        "Query engine: duckdb, spark, spark://host:port or athena://database/workgroup.",
    ),
    Setting(
        "copies_size",
        "SRE_COPIES_SIZE",
        "10GB",
        "Maximum size of the local cache of a bucket: 500MB, 10GB.",
    ),
    Setting(
        "query_time",
        "SRE_QUERY_TIME",
        "15m",
        "Time limit of a command that queries snapshots: 90s, 15m, 2h.",
    ),
    Setting(
        "query_memory",
        "SRE_QUERY_MEMORY",
        "4GB",
        "Memory limit of such a command: 500MB, 4GB.",
    ),
    Setting("owner_tag", "SRE_OWNER_TAG", "team", "Tag that contains a resource's owner."),
    Setting("owners", "SRE_OWNERS", "none", "Owners file, for resources without that tag."),
    Setting(
        "sla",
        "SRE_SLA",
        "from the policy",
        "SLA in days by severity: critical=15,high=30,informational=none.",
    ),
    Setting(
        "policy",
        "SRE_POLICY",
        "none",
        "Policy file: SLA, KEV grace period, order of the risk ranking.",
    ),
    Setting(
        "server", "SRE_SERVER", "none", "Server to query instead of the store: https://host/mcp."
    ),
    Setting(
        "tokens",
        "SRE_TOKENS",
        "none",
        "Access tokens of the server: file:///…/tokens.json or secretsmanager://name.",
    ),
    Setting(
        "public_url",
        "SRE_PUBLIC_URL",
        "none",
        "Public URL of the server: https://mcp.example.com/mcp.",
    ),
    Setting(
        "oidc",
        "SRE_OIDC",
        "none",
        "OIDC issuer whose tokens the server accepts: file:///…/oidc.json.",
    ),
    Setting(
        "link_age",
        "SRE_LINK_AGE",
        "15m",
        "Lifetime of the server's download links: 15m, 1h.",
    ),
    Setting(
        "suppressions",
        "SRE_SUPPRESSIONS",
        "none",
        "Suppressions file: accepted risks with an expiry date.",
    ),
    Setting(
        "smtp",
        "SRE_SMTP",
        "none",
        "Mail server: smtp://user@host:587, smtps://user@host or ses://region.",
    ),
    Setting("mail_from", "SRE_MAIL_FROM", "none", "Sender of e-mails: SRE <sre@example.com>."),
    Setting(
        "slack_channels",
        "SRE_SLACK_CHANNELS",
        "none",
        "Channels file: the owners of each Slack channel's digest.",
    ),
    Setting(
        "slack_secret_id",
        "SRE_SLACK_SECRET_ID",
        "none",
        "Secret in AWS Secrets Manager with bot_token.",
    ),
    Setting(
        "slack_api_url",
        "SRE_SLACK_API_URL",
        "Slack's",
        "URL of Slack's Web API, for local simulations.",
    ),
    Setting(
        "regions",
        "SRE_REGIONS",
        "all enabled regions",
        "Regions to scan by default: eu-west-1,us-east-1.",
    ),
    Setting(
        "scope_file",
        "SRE_SCOPE_FILE",
        "none",
        "Scope file, if --scope-file is not used.",
    ),
    Setting(
        "reader_role",
        "SRE_READER_ROLE",
        "none",
        "ARN of a role in another account with which Inspector is read.",
    ),
    Setting(
        "reader_external_id",
        "SRE_READER_EXTERNAL_ID",
        "none",
        "External ID of that role.",
    ),
    Setting(
        "allowed_hosts",
        "SRE_ALLOWED_HOSTS",
        "localhost",
        "Host names of the server: mcp.example.com,…",
    ),
    Setting(
        "allowed_origins",
        "SRE_ALLOWED_ORIGINS",
        "localhost",
        "Web origins that may call the server: https://tools.example.com,…",
    ),
)

_FILES = ("owners", "policy", "suppressions", "slack_channels", "scope_file")
REMOTE = "SRE_SETTINGS"
"""The variable that names a settings file in a bucket, used instead of the working directory's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that entry points pass to the rest of the code."""

    store: str
    table: str
    max_age: timedelta
    owner_tag: str
    copies: Path
    engine: str = "duckdb"
    owners: Path | None = None
    sla: str = ""
    policy: Path | None = None
    suppressions: Path | None = None
    copies_size: int = 10 * 10**9
    query_time: timedelta = timedelta(minutes=15)
    query_memory: int = 4 * 10**9
    server: str = ""
    tokens: str = ""
    oidc: str = ""
    public_url: str = ""
    kms_key: str = ""
    signing_key: str = ""
    link_age: timedelta = timedelta(minutes=15)
    token: str = field(default="", repr=False)
    smtp: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = ""
    slack_channels: Path | None = None
    slack_secret_id: str = ""
    slack_api_url: str = ""
    slack_bot_token: str = field(default="", repr=False)
    regions: tuple[str, ...] = ()
    scope_file: Path | None = None
    reader_role: str = ""
    reader_external_id: str = field(default="", repr=False)
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()


def load(
    environ: Mapping[str, str],
    folder: Path,
    *,
    store: str | None = None,
    table: str | None = None,
    max_age: str | None = None,
) -> Settings:
    """Returns the settings. The keyword arguments are flags.

    Raises UsageError if a setting is invalid, CredentialsInvalid if a secret is.
    """
    flags = {"store": store, "table": table, "max_age": max_age}
    file = folder / FILE
    if place := environ.get(REMOTE):
        from sre_findings.settings_in_bucket import fetch

        file = fetch(place, cache_folder() / "settings", _FILES, _file)
        folder = file.parent
    values = _file(file) | {s.key: environ[s.variable] for s in SETTINGS if environ.get(s.variable)}
    values |= {key: value for key, value in flags.items() if value}
    place = values.get("store") or str(data_folder() / "store")
    return Settings(
        store=place,
        table=values.get("table") or beside(place),
        max_age=span(values.get("max_age", "26h")),
        owner_tag=values.get("owner_tag", "team"),
        copies=cache_folder() / "copies",
        engine=values.get("engine", "duckdb"),
        sla=values.get("sla", ""),
        **{name: folder / values[name] if values.get(name) else None for name in _FILES},
        copies_size=size(values.get("copies_size", "10GB")),
        query_time=span(values.get("query_time", "15m")),
        query_memory=size(values.get("query_memory", "4GB")),
        # An explicit store or table overrides the server.
        server="" if store or table else values.get("server", ""),
        tokens=values.get("tokens", ""),
        oidc=values.get("oidc", ""),
        public_url=values.get("public_url", ""),
        kms_key=values.get("kms_key", ""),
        signing_key=values.get("signing_key", ""),
        link_age=span(values.get("link_age", "15m")),
        token=_secret(environ, "SRE_TOKEN"),
        smtp=values.get("smtp", ""),
        smtp_password=_secret(environ, "SRE_SMTP_PASSWORD"),
        mail_from=values.get("mail_from", ""),
        slack_secret_id=values.get("slack_secret_id", ""),
        slack_api_url=values.get("slack_api_url", ""),
        slack_bot_token=_secret(environ, "SRE_SLACK_BOT_TOKEN"),
        regions=words(values.get("regions", "")),
        reader_role=values.get("reader_role", ""),
        reader_external_id=values.get("reader_external_id", ""),
        allowed_hosts=words(values.get("allowed_hosts", "")),
        allowed_origins=words(values.get("allowed_origins", "")),
    )


def _secret(environ: Mapping[str, str], variable: str) -> str:
    """The secret in a variable; "" if it is not set or empty."""
    text = environ.get(variable, "")
    return _SECRETS[variable].checked(text) if text else ""


def open_owners(settings: Settings) -> Owners:
    """Returns the ownership rules: the owner tag, and the owners file if one is set.

    Raises UsageError if the file is invalid.
    """
    from sre_findings.files import user_text
    from sre_findings.model.resources.owners import Owners, parse_owners

    if settings.owners is None:
        return Owners(settings.owner_tag)
    return parse_owners(user_text(settings.owners, "Check SRE_OWNERS."), settings.owner_tag)


def beside(store: str) -> str:
    """The default table, beside a local store. Raises UsageError for a bucket, which has none."""
    if store.startswith("s3://"):
        raise UsageError(
            "SRE_TABLE is not set",
            why="the store is a bucket",
            do="Use dynamodb://table or sqlite:////absolute/file.db.",
        )
    folder = (
        store.removeprefix("file://")
        if store.startswith("file://")
        else str(Path(store).absolute())
    )
    return f"sqlite:///{folder}/table.db"


def span(text: str) -> timedelta:
    """Parses a duration such as 90s, 90m, 26h or 3d. Raises UsageError if it is invalid."""
    if match := _SPAN.match(text.strip()):
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    raise UsageError(f"{text!r} is not a duration", do="Use 90m, 26h or 3d.")


def size(text: str) -> int:
    """Parses a size such as 500MB or 10GB into bytes. Raises UsageError if it is invalid."""
    if match := _SIZE.match(text.strip()):
        return int(match[1]) * _BYTES[match[2]]
    raise UsageError(f"{text!r} is not a size", do="Use 500MB or 10GB.")


def words(text: str) -> tuple[str, ...]:
    """The items of a comma-separated list, without spaces and empty items."""
    return tuple(word for part in text.split(",") if (word := part.strip()))


def data_folder() -> Path:
    """The user's data directory."""
    import platformdirs

    return Path(platformdirs.user_data_dir("sre-operations-assistant", appauthor=False))


def cache_folder() -> Path:
    """The user's cache directory."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("sre-operations-assistant", appauthor=False))


def _file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    from sre_findings.files import user_text
    from sre_findings.model.toml_text import parse_toml

    text = user_text(path)
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise UsageError(f"{path} cannot be read", why=str(error)) from error
    unknown = sorted(values.keys() - {s.key for s in SETTINGS})
    if unknown or not all(isinstance(v, str) for v in values.values()):
        do = f"Valid settings, all strings: {', '.join(s.key for s in SETTINGS)}."
        raise UsageError(f"{path} has an unknown setting", why=", ".join(unknown), do=do)
    return values
