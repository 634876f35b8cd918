"""What watching keeps: alerts, the machine, the money spent; where a run came from; what a workspace refuses."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("runs", sa.Column("parent", sa.Text()))
    op.add_column("runs", sa.Column("resume", sa.Text()))
    op.add_column("runs", sa.Column("alerts", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("runs", sa.Column("machine", sa.Text()))
    op.add_column("runs", sa.Column("stepped_at", _time))
    op.add_column("runs", sa.Column("spent_usd", sa.Double(), nullable=False, server_default="0"))
    op.create_table(
        "workspaces",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("charts_refused_at", _time),
        sa.PrimaryKeyConstraint("team_id", name="pk_workspaces"),
    )
