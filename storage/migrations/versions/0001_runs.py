"""Runs with their plans, events and deliveries, and the inbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_time = sa.DateTime(timezone=True)
_status = sa.String(16)


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("short_id", sa.String(8), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("status", _status, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("needs_plan", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shown_version", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text()),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("previous_plan", sa.Text()),
        sa.Column("question", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("cancel_requested_by", sa.Text()),
        sa.Column("job", sa.Text()),
        sa.Column("job_id", sa.Text()),
        sa.Column("namespace", sa.Text()),
        sa.Column("output_repo", sa.Text()),
        sa.Column("output_name", sa.Text()),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("log_tail", sa.Text(), nullable=False),
        sa.Column("diagnosis", sa.Text()),
        sa.Column("report", sa.Text()),
        sa.Column("created_at", _time, nullable=False),
        sa.Column("updated_at", _time, nullable=False),
        sa.Column("next_check_at", _time),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_until", _time),
        sa.Column("claimed_at", _time),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("short_id", name="uq_runs_short_id"),
        sa.UniqueConstraint("source_id", name="uq_runs_source_id"),
        sa.CheckConstraint(
            "(status IN ('canceled', 'expired', 'failed', 'refused', 'rejected', 'succeeded'))"
            " = (next_check_at IS NULL)",
            name=op.f("ck_runs_next_check_at"),
        ),
    )
    unshown = sa.text("version <> shown_version")
    op.create_index("ix_runs_thread", "runs", ["channel", "thread_ts"])
    op.create_index("ix_runs_requester", "runs", ["requester"])
    op.create_index("ix_runs_next_check_at", "runs", ["next_check_at"])
    op.create_index("ix_runs_unshown", "runs", ["updated_at"], sqlite_where=unshown, postgresql_where=unshown)
    promises = sa.text("status IN ('approved', 'proposed', 'queued', 'running', 'submitting')")
    op.create_index(
        "uq_runs_output_repo",
        "runs",
        ["output_repo"],
        unique=True,
        sqlite_where=promises,
        postgresql_where=promises,
    )

    op.create_table(
        "plans",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(16), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("at", _time, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "revision", "digest", name="pk_plans"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_plans_run_id"),
    )
    op.create_table(
        "run_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("at", _time, nullable=False),
        sa.Column("status", _status),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_events"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_events_run_id"),
    )
    op.create_index("ix_run_events_run_id", "run_events", ["run_id"])
    op.create_table(
        "deliveries",
        sa.Column("run_id", sa.String(26), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("posting_since", _time),
        sa.PrimaryKeyConstraint("run_id", "key", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_deliveries_run_id"),
    )
    op.create_table(
        "inbox",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("at", _time, nullable=False),
        sa.PrimaryKeyConstraint("source_id", name="pk_inbox"),
    )
