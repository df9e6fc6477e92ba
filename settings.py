"""One frozen settings object, from the environment (`REENGAGEMENT_...`); wrong values fail at start, by name."""

import re
import secrets
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from keyfiles import made_once

SECRETS = Path("/run/secrets")
"""Where a container finds its secrets: a setting may come from a file of its name there, `reengagement_records_url`."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?")


class Settings(BaseSettings):
    """Where things are and how much at once. Every value has a default that works on one machine.

    The Temporal server is named by `TEMPORAL_*` variables and profiles, as for every Temporal client.
    """

    model_config = SettingsConfigDict(
        env_prefix="REENGAGEMENT_", frozen=True, extra="forbid", secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    home: Path = Field(default=Path("var"), description="Directory of the embedded server, records, letters and keys")
    records_url: str | None = Field(default=None, description="SQLAlchemy URL of the records database")
    outbox: Path | None = Field(default=None, description="Directory letters are delivered to")
    providers: Path = Field(default=Path("samples/providers.yaml"), description="The provider directory")
    namespace: str = Field(default="reengagement", description="Temporal namespace of the embedded server")
    port: Annotated[int, Field(ge=1024, le=65000)] = Field(default=7233, description="gRPC port of the dev server")
    ui_port: Annotated[int, Field(ge=1024, le=65000)] = Field(default=8233, description="UI port of the dev server")
    max_cached_cases: Annotated[int, Field(ge=10)] = Field(default=2000, description="Cases kept in worker memory")
    cases_at_once: Annotated[int, Field(ge=2, le=100)] = Field(
        default=8,
        description="Workflow tasks at once. They share one Python, and each must be done in ten seconds, replay "
        "included: with many at once a worker that starts among busy cases would finish none",
    )
    activity_threads: Annotated[int, Field(ge=1, le=200)] = Field(default=8, description="Activities at once")
    shutdown_seconds: Annotated[int, Field(ge=0)] = Field(default=30, description="Time activities get to finish")
    keys_url: str | None = Field(default=None, description="SQLAlchemy URL of the key database; outside Temporal")
    master_keys_file: Path | None = Field(default=None, description="File with the master keys, made if missing")
    master_keys: SecretStr | None = Field(default=None, description="Master keys, ID:BASE64,ID:BASE64; last is newest")
    kms: str | None = Field(
        default=None,
        pattern=r"^[\w.]+:\w+$",
        description="Key management service: MODULE:FUNCTION that answers with it",
    )
    signing_key: Path | None = Field(
        default=None, description="PEM file audit documents are signed with, made if missing"
    )
    archive_url: str | None = Field(
        default=None,
        pattern=r"^(file:///|s3://|gs://|az://)",
        description="Where closed runs are kept for auditors: file:///DIRECTORY, or object storage by URL",
    )
    archive_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=15, description="Minutes from one archiving to the next; the worker says so when retention is shorter"
    )
    case_id_key: str | None = Field(default=None, min_length=32, description="Key of the case ids; else kept in home")
    metrics: str | None = Field(
        default=None,
        pattern=r"^([0-9.]+|\[[0-9a-f:]+\]):[0-9]+$",
        description="IP:PORT at which this process shows its metrics to Prometheus; else the worker shows none",
    )
    deployment: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="Name of the worker deployment; with one, each build of the code is a version of its own",
    )
    codec_host: str = Field(default="127.0.0.1", description="Address the codec server listens at")
    codec_port: Annotated[int, Field(ge=1024, le=65000)] = Field(default=8234, description="Port of the codec server")
    ui_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins of the UI, between commas: only their pages may call the codec server"
    )
    jwks: str | None = Field(default=None, description="File or address of the keys that tokens are signed with (JWKS)")
    jwt_issuer: str | None = Field(default=None, min_length=1, description="The `iss` a token must have")
    jwt_audience: str | None = Field(default=None, min_length=1, description="The `aud` a token must have")
    codec_max_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=8_000_000, description="Size of one call of the codec server; a server's 4 MiB are 5.6 MB in base64"
    )
    codec_max_payloads: Annotated[int, Field(ge=1)] = Field(default=500, description="Payloads in one call")
    codec_payloads_a_minute: Annotated[int, Field(ge=1)] = Field(
        default=3000, description="Payloads one person may have in a minute; to look through a long case takes 700"
    )

    @field_validator("records_url", "keys_url")
    @classmethod
    def _supported(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("starts with sqlite:/// or postgresql+psycopg://")
        return url

    @field_validator("ui_origins", mode="before")
    @classmethod
    def _separate(cls, origins: object) -> object:
        return tuple(filter(None, map(str.strip, origins.split(",")))) if isinstance(origins, str) else origins

    @field_validator("ui_origins")
    @classmethod
    def _exact(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for number, origin in enumerate(origins, 1):
            if not _ORIGIN.fullmatch(origin) or re.search(r"^http://[^]]*:80$|^https://[^]]*:443$", origin):
                raise ValueError(
                    f"origin {number} is not one as browsers send it: scheme://host[:port] in small letters, no path,"
                    " no port that the scheme implies, no wildcard; for example https://temporal.example"
                )
        return origins

    @field_validator("jwks")
    @classmethod
    def _trusted(cls, jwks: str | None) -> str | None:
        if jwks and "://" in jwks and not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", jwks):
            raise ValueError("is a file or starts with https://; http:// is taken on this machine only")
        return jwks

    @property
    def records(self) -> str:
        """URL of the records database: an SQLite file in `home` unless one is given."""
        return self.records_url or f"sqlite:///{(self.home / 'records.sqlite').resolve()}"

    @property
    def keys(self) -> str:
        """URL of the key database: an SQLite file in `home` unless one is given."""
        return self.keys_url or f"sqlite:///{(self.home / 'keys.sqlite').resolve()}"

    @property
    def master_keys_path(self) -> Path:
        """The file of the master keys."""
        return self.master_keys_file or self.home / "master.keys"

    @property
    def signing(self) -> Path:
        """The file of the signing key; the public key lies beside it, with the suffix `.pub`."""
        return self.signing_key or self.home / "signing.key"

    @property
    def skeletons(self) -> Path:
        """Where the skeletons of shredded cases go."""
        return self.home / "skeletons"

    @property
    def archive(self) -> str:
        """URL of the archive: a directory in `home` unless one is given."""
        return self.archive_url or f"file://{(self.home / 'archive').resolve()}"

    @property
    def letters(self) -> Path:
        """The outbox directory."""
        return self.outbox or self.home / "outbox"

    @property
    def ui_pages(self) -> tuple[str, ...]:
        """Origins whose pages may call the codec server: the embedded UI's unless others are given."""
        return self.ui_origins or tuple(f"http://{name}:{self.ui_port}" for name in ("127.0.0.1", "localhost"))

    def case_key(self) -> bytes:
        """The key case ids are hashed with: from the environment, or made once and kept beside the databases."""
        if self.case_id_key:
            return self.case_id_key.encode()
        return made_once(self.home / "case-id.key", secrets.token_hex(32)).encode()


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
