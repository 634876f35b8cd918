"""What can be configured, read and checked once at start. The only module that reads the environment."""

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import UserError
from bot.models import Examples

_FIXES = {
    "slack_bot_token": "Copy the Bot User OAuth Token (xoxb-...) from your Slack app's page OAuth & Permissions.",
    "slack_app_token": "Create an app-level token (xapp-...) with the scope connections:write on the page Basic"
    " Information, or set SLACK_SIGNING_SECRET to use HTTP instead.",
    "slack_signing_secret": "Copy the Signing Secret from your Slack app's page Basic Information.",
    "hf_token": "Create a token at https://huggingface.co/settings/tokens with job.write, and write on your models.",
    "database_url": "Use sqlite:///path/to/file.db or postgresql://user:password@host/name.",
}


AnySettings = TypeVar("AnySettings", bound="HubSettings")


class HubSettings(BaseSettings):
    """What it takes to speak to the Hub; enough for `tunesmith plan`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    hf_token: SecretStr
    hf_endpoint: str = "https://huggingface.co"
    dataset_viewer_url: str = "https://datasets-server.huggingface.co"
    #: Who pays; empty: the token's own user.
    hf_namespace: str = ""
    #: Seconds for one HTTP call to the Hub.
    hub_timeout_s: float = Field(20.0, gt=0, le=120)
    #: Ran by every job; `uv` must be on its path.
    job_image: str = "ghcr.io/astral-sh/uv:python3.12-bookworm"

    #: What help and Home show to people who begin: a model and a dataset that exist on this Hub.
    example_model: str = Examples().model
    example_dataset: str = Examples().dataset

    #: Minutes that a job takes until it trains; plans count them. Measure it on your own first runs.
    job_startup_min: float = Field(6.0, gt=0, le=120)

    #: Slack user ids that may approve, comma separated. Empty: only the requester may, and only below the amount.
    approvers: Annotated[tuple[str, ...], NoDecode] = ()
    #: Up to this ceiling the requester may approve their own plan. US dollars; 0: never.
    self_approve_usd: float = Field(5.0, ge=0)
    #: No plan may cost more than this, whoever approves. US dollars.
    max_ceiling_usd: float = Field(200.0, gt=0)
    #: All runs that are approved in a calendar month (UTC) may cost this together. US dollars; unset: no limit.
    monthly_budget_usd: float | None = Field(None, gt=0)
    #: Larger models are not trained, billions of parameters. Unset: any size that some hardware holds.
    max_model_billions: float | None = Field(None, gt=0)

    @field_validator("approvers", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        ids = tuple(part for part in re.split(r"[\s,]+", value) if part)
        for user in ids:
            if not re.fullmatch(r"[UW][A-Z0-9]{2,}", user):
                raise ValueError(f"holds {user!r}, which is no Slack user id (they look like U012AB3CD)")
        return ids

    @property
    def examples(self) -> Examples:
        return Examples(model=self.example_model, dataset=self.example_dataset)

    @field_validator("hf_token")
    @classmethod
    def _hub_token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().strip():
            raise ValueError("is empty")
        return value

    @field_validator("hf_endpoint", "dataset_viewer_url")
    @classmethod
    def _http(cls, value: str) -> str:
        return _checked_url(value)


class Settings(HubSettings):
    """Every setting; the environment variable has the field's name in capitals."""

    slack_bot_token: SecretStr
    #: Socket Mode, the default way in.
    slack_app_token: SecretStr | None = None
    #: HTTP way in: set this instead of the app token.
    slack_signing_secret: SecretStr | None = None
    #: Any server that speaks Slack's Web API; the official samples' convention.
    slack_api_url: str = "https://slack.com/api/"
    #: HTTP mode listens here; in both modes /healthz answers here.
    host: str = "0.0.0.0"  # noqa: S104 - a container must be reachable
    port: int = Field(3000, ge=0, le=65535)

    #: A chat model that reads again what the bot did not understand; empty: none does.
    reading_model: str = ""
    #: A server with /v1/chat/completions; empty: Hugging Face's router, which HF_TOKEN's owner pays.
    reading_url: str = ""
    #: For `reading_url` only: HF_TOKEN is never sent there.
    reading_token: SecretStr = SecretStr("")
    #: Seconds; whoever wrote waits so long for an answer.
    reading_timeout_s: float = Field(8.0, gt=0, le=8)

    #: Empty: a SQLite file in the user's data directory.
    database_url: str = ""

    #: Seconds between two looks at the Hub.
    watch_interval_s: float = Field(15.0, gt=0, le=600)
    #: Hours after which a plan that nobody decides on expires.
    plan_expires_h: float = Field(24.0, gt=0)
    #: After an uncertain submission: seconds that the Hub's listing may lag before "not found" is believed.
    submit_visibility_s: float = Field(60.0, ge=0)

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("xoxb-"):
            raise ValueError("does not start with xoxb-")
        return value

    @field_validator("slack_app_token")
    @classmethod
    def _app_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and value.get_secret_value() and not value.get_secret_value().startswith("xapp-"):
            raise ValueError("does not start with xapp-")
        return value if value and value.get_secret_value() else None

    @field_validator("slack_api_url")
    @classmethod
    def _slack_url(cls, value: str) -> str:
        return _checked_url(value)

    @field_validator("reading_url")
    @classmethod
    def _reading_url(cls, value: str) -> str:
        return _checked_url(value) if value else value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not re.match(r"(sqlite|postgresql)(\+psycopg)?://", value):
            raise ValueError("is neither a SQLite nor a PostgreSQL address")
        return value

    @model_validator(mode="after")
    def _way_in(self) -> "Settings":
        if not self.slack_app_token and not self.slack_signing_secret:
            raise ValueError("slack_app_token: is not set, and neither is SLACK_SIGNING_SECRET")
        return self

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @property
    def database(self) -> str:
        """The database's address, with the default filled in."""
        if self.database_url:
            return self.database_url
        folder = Path(platformdirs.user_data_dir("tunesmith", appauthor=False, ensure_exists=True))
        return f"sqlite:///{folder / 'tunesmith.db'}"


def read_settings(kind: type[AnySettings], **overrides: Any) -> AnySettings:
    """Read settings from the environment and `.env`.

    Raises:
        UserError: something is missing or wrong; names all of it at once, each with what to do.
    """
    try:
        return kind(**overrides)
    except ValidationError as error:
        lines = []
        for item in error.errors():
            said = str(item["msg"]).removeprefix("Value error, ")
            name = str(item["loc"][0]) if item["loc"] else said.partition(":")[0]
            said = "is not set" if item["type"] == "missing" else said.removeprefix(f"{name}: ")
            lines.append(f"  {name.upper()} {said}. {_FIXES.get(name, '')}".rstrip())
        raise UserError(
            "Tunesmith cannot start with these settings:\n" + "\n".join(lines) + "\n",
            "Set them in the environment or in a file named .env, then run `tunesmith doctor`.",
        ) from None


def _checked_url(value: str) -> str:
    if not re.match(r"https?://", value):
        raise ValueError("does not start with http:// or https://")
    return value
