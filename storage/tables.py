"""The tables, as SQLAlchemy sees them; storage/migrations makes them and a test compares the two.

Holds no queries. A NULL always means something, and the column says what.
"""

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Dialect,
    Double,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.models import (
    Alert,
    Diagnosis,
    Job,
    Machine,
    Parent,
    Plan,
    Problem,
    Progress,
    Question,
    Report,
    Resume,
    TrainingRequest,
    Verbosity,
)
from bot.states import FINAL, ON_THE_HUB, RunStatus
from storage.ids import LENGTH, SHORT_LENGTH


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, UTC on the way out on both databases. Refuses naive values with a ValueError."""

    # SQLite keeps no zone: there it is text in UTC, which also sorts by time
    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that people wrote. What a database cannot hold (NUL, half a surrogate pair) becomes a question mark."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _storable(value.replace("\0", "?"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value


class Json(TypeDecorator[Any]):
    """A frozen value as JSON in a text column.

    Text and not JSONB: that sorts keys, which changes a plan's digest, and refuses the NUL that a log line may hold.
    NaN and infinity, which a diverged loss is, survive: Python's own JSON writes them, pydantic reads them.
    Fields that only a newer version knows are passed over on the way out, at every depth.
    """

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        plain = self._adapter.dump_python(self._adapter.validate_python(value), mode="json")
        return _storable(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self._adapter.validate_json(value, extra="ignore")


def _storable(words: str) -> str:
    return words.encode("utf-8", "replace").decode("utf-8")


class Base(DeclarativeBase):
    # named constraints: SQLite changes a table by making it anew, which needs the names
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


_Status = Enum(
    RunStatus,
    native_enum=False,
    create_constraint=False,
    length=16,
    values_callable=lambda statuses: [status.value for status in statuses],
)
_Verbosity = Enum(
    Verbosity,
    native_enum=False,
    create_constraint=False,
    length=16,
    values_callable=lambda words: [word.value for word in words],
)
_UNSHOWN = text("version <> shown_version")
_FINAL = ", ".join(f"'{status}'" for status in sorted(FINAL))
_PROMISING = ", ".join(f"'{status}'" for status in sorted({RunStatus.PROPOSED, RunStatus.APPROVED} | ON_THE_HUB))
#: A run in one of these may still write its output, which is therefore no other run's.
PROMISES = text(f"status IN ({_PROMISING})")
#: The index that lets one run promise an output.
PROMISE_INDEX = "uq_runs_output_repo"


class RunRow(Base):
    """One fine-tuning from request to report; what the columns mean is said at bot.models.Run."""

    __tablename__ = "runs"
    __table_args__ = (
        # a run that is not over is looked at again, whatever happens
        CheckConstraint(f"(status IN ({_FINAL})) = (next_check_at IS NULL)", name="next_check_at"),
        Index("ix_runs_thread", "channel", "thread_ts"),
        Index("ix_runs_unshown", "updated_at", sqlite_where=_UNSHOWN, postgresql_where=_UNSHOWN),
        Index(PROMISE_INDEX, "output_repo", unique=True, sqlite_where=PROMISES, postgresql_where=PROMISES),
    )

    id: Mapped[str] = mapped_column(String(LENGTH), primary_key=True)
    #: The end of `id`, by which people call it.
    short_id: Mapped[str] = mapped_column(String(SHORT_LENGTH), unique=True)
    #: The Slack id of what was typed or clicked; a second row for it is a Slack retry.
    source_id: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[RunStatus] = mapped_column(_Status)
    revision: Mapped[int]
    needs_plan: Mapped[bool]
    version: Mapped[int]
    #: The version that the thread in Slack shows; 0: none yet.
    shown_version: Mapped[int]
    team_id: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    #: NULL: the run's card, which will be the thread's parent, is not posted yet.
    thread_ts: Mapped[str | None] = mapped_column(Text)
    requester: Mapped[str] = mapped_column(Text, index=True)
    request: Mapped[TrainingRequest] = mapped_column(Json(TrainingRequest))
    #: NULL: not planned yet.
    plan: Mapped[Plan | None] = mapped_column(Json(Plan))
    #: NULL: there is no plan of a revision before.
    previous_plan: Mapped[Plan | None] = mapped_column(Json(Plan))
    #: NULL: nothing is being asked.
    question: Mapped[Question | None] = mapped_column(Json(Question))
    #: NULL: nothing is in the way.
    problem: Mapped[Problem | None] = mapped_column(Json(Problem))
    #: NULL: nobody decided yet.
    decided_by: Mapped[str | None] = mapped_column(Text)
    #: NULL: no reason was given.
    reason: Mapped[str | None] = mapped_column(Words)
    #: NULL: nobody wants it stopped.
    cancel_requested_by: Mapped[str | None] = mapped_column(Text)
    #: NULL: the Hub is not known to have a job.
    job: Mapped[Job | None] = mapped_column(Json(Job))
    #: The id in `job`; NULL with it.
    job_id: Mapped[str | None] = mapped_column(Text)
    #: Who pays, from the job or else the plan; NULL: neither exists yet.
    namespace: Mapped[str | None] = mapped_column(Text)
    #: Where the plan's model goes, in small letters: the Hub takes no two names that differ in capitals only. NULL: no
    #: plan.
    output_repo: Mapped[str | None] = mapped_column(Text)
    #: The same as the plan writes it; NULL with it.
    output_name: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[Progress] = mapped_column(Json(Progress))
    log_tail: Mapped[tuple[str, ...]] = mapped_column(Json(tuple[str, ...]))
    #: NULL: it did not fail.
    diagnosis: Mapped[Diagnosis | None] = mapped_column(Json(Diagnosis))
    #: NULL: it did not succeed, or not yet.
    report: Mapped[Report | None] = mapped_column(Json(Report))
    #: NULL: no other run is its parent.
    parent: Mapped[Parent | None] = mapped_column(Json(Parent))
    #: NULL: it starts from the base model.
    resume: Mapped[Resume | None] = mapped_column(Json(Resume))
    alerts: Mapped[tuple[Alert, ...]] = mapped_column(Json(tuple[Alert, ...]), server_default="[]")
    #: NULL: the Hub has not measured the GPUs yet.
    machine: Mapped[Machine | None] = mapped_column(Json(Machine))
    #: NULL: no step was seen yet.
    stepped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_usd: Mapped[float] = mapped_column(Double, server_default="0")
    verbosity: Mapped[Verbosity] = mapped_column(_Verbosity, server_default=Verbosity.MILESTONES.value)
    direct: Mapped[bool] = mapped_column(server_default=false())
    #: Of the plan; NULL: there is none, or it was over before this column was.
    ceiling_usd: Mapped[float | None] = mapped_column(Double)
    #: When a person approved the plan: in that month it counts against the budget. NULL: nobody did.
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL: final, nothing left to do but to show it.
    next_check_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: Which store works on the row until `claimed_until`; NULL, both: nobody does.
    claimed_by: Mapped[str | None] = mapped_column(Text)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When a store last claimed it, for taking turns; NULL: no store ever did.
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PlanRow(Base):
    """Every plan that a run ever had. Rows are never changed."""

    __tablename__ = "plans"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(16), primary_key=True)
    plan: Mapped[Plan] = mapped_column(Json(Plan))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class EventRow(Base):
    """The audit trail. Rows are never changed."""

    __tablename__ = "run_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL: the status stayed as it was.
    status: Mapped[RunStatus | None] = mapped_column(_Status)
    #: A Slack user id, or "tunesmith".
    actor: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Words)


class DeliveryRow(Base):
    """A message of a run's thread, as far as Slack is known to have it."""

    __tablename__ = "deliveries"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    #: NULL: not known to be posted.
    ts: Mapped[str | None] = mapped_column(Text)
    #: Of what Slack shows; "": nothing yet.
    digest: Mapped[str] = mapped_column(Text)
    #: A post began then and its outcome was not recorded; NULL: no post is open.
    posting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class InboxRow(Base):
    """Ids of everything from Slack that had an effect: a second one with the same id has none."""

    __tablename__ = "inbox"

    source_id: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkspaceRow(Base):
    """What was learned about a Slack workspace."""

    __tablename__ = "workspaces"

    team_id: Mapped[str] = mapped_column(Text, primary_key=True)
    #: When Slack last refused a chart there; NULL: never.
    charts_refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PersonRow(Base):
    """What a person set, and what they typed last in vain."""

    __tablename__ = "people"

    team_id: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    verbosity: Mapped[Verbosity] = mapped_column(_Verbosity)
    direct: Mapped[bool]
    #: A command that could not be done as typed; NULL, both: none was.
    refused_words: Mapped[str | None] = mapped_column(Words)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OwedRow(Base):
    """A message that was acknowledged and is not answered yet. The row goes when it is."""

    __tablename__ = "owed"

    source_id: Mapped[str] = mapped_column(Text, primary_key=True)
    #: What Slack delivered, as far as it is needed to answer.
    event: Mapped[dict[str, Any]] = mapped_column(Json(dict[str, Any]))
    #: Until then some process works on it.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
