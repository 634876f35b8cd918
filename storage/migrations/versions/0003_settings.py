"""What people set, what a month may cost, and what is owed after a restart."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_time = sa.DateTime(timezone=True)
_verbosity = sa.String(16)
#: Their ceilings may still be spent.
_OPEN = ("proposed", "approved", "submitting", "queued", "running")


def upgrade() -> None:
    op.add_column("runs", sa.Column("verbosity", _verbosity, nullable=False, server_default="milestones"))
    op.add_column("runs", sa.Column("direct", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("ceiling_usd", sa.Double()))
    op.add_column("runs", sa.Column("approved_at", _time))
    op.create_index("ix_runs_approved_at", "runs", ["approved_at"])
    op.create_table(
        "people",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("verbosity", _verbosity, nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("refused_words", sa.Text()),
        sa.Column("refused_at", _time),
        sa.PrimaryKeyConstraint("team_id", "user_id", name="pk_people"),
    )
    op.create_table(
        "owed",
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("due_at", _time, nullable=False),
        sa.PrimaryKeyConstraint("source_id", name="pk_owed"),
    )
    _fill_in()


def _fill_in() -> None:
    """Find what the older rows say elsewhere: when a person approved, and the ceiling of what may still cost."""
    connection = op.get_bind()
    runs = sa.table("runs", *map(sa.column, ("id", "status", "plan", "ceiling_usd", "approved_at")))
    events = sa.table("run_events", *map(sa.column, ("run_id", "at", "status")))
    approved = sa.select(sa.func.min(events.c.at)).where(events.c.run_id == runs.c.id, events.c.status == "approved")
    connection.execute(sa.update(runs).values(approved_at=approved.scalar_subquery()))
    # not the database's own JSON: it refuses the NaN that a plan may hold
    waiting = sa.select(runs.c.id, runs.c.plan).where(runs.c.status.in_(_OPEN), runs.c.plan.is_not(None))
    for run_id, plan in connection.execute(waiting).all():
        ceiling = json.loads(plan)["ceiling_usd"]
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(ceiling_usd=ceiling))
