"""One change of a run's row, compare and set, with what follows from it, in a transaction that somebody else opened.

Does not know which moves are allowed, and writes no row but the run's, its plans' and its audit trail's.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.errors import InvalidTransition
from bot.models import Job, Plan, Run, RunEvent
from bot.states import FINAL, RunStatus
from storage.rows import add_event, breaks_promise, describe, insert_once, to_run
from storage.tables import PlanRow, RunRow

#: What `advance` and `update` may change, by the names of bot.models.Run.
CHANGEABLE = frozenset(
    {
        "revision",
        "needs_plan",
        "request",
        "plan",
        "previous_plan",
        "question",
        "problem",
        "decided_by",
        "reason",
        "cancel_requested_by",
        "job",
        "progress",
        "log_tail",
        "diagnosis",
        "report",
        "alerts",
        "machine",
        "stepped_at",
        "spent_usd",
        "next_check_at",
    }
)


def change(
    session: Session,
    run: Run,
    status: RunStatus,
    changes: dict[str, Any],
    event: RunEvent | None,
    now: datetime,
    *,
    only_if: ColumnElement[bool] | None = None,
) -> Run:
    """Compare and set: the row must still be the one that `run` was read from."""
    statement = (
        update(RunRow)
        .where(
            RunRow.id == run.id,
            RunRow.status == run.status,
            RunRow.revision == run.revision,
            RunRow.version == run.version,
            true() if only_if is None else only_if,
        )
        .values(**_columns(status, changes), **_approval(run, status, now), version=run.version + 1, updated_at=now)
        .returning(RunRow)
    )
    try:
        row = session.scalar(statement, execution_options={"synchronize_session": False})
    except IntegrityError as error:
        plan = changes.get("plan", run.plan)
        if not breaks_promise(error) or plan is None:
            raise
        raise InvalidTransition(f"another run promises {plan.output_repo}: run {run.id} stays {run.status}") from error
    if row is None:
        raise InvalidTransition(
            f"run {run.id} is not what it was ({run.status}, revision {run.revision}, version {run.version}):"
            f" {describe(session, run.id)}"
        )
    if event is not None:
        add_event(session, run.id, event)
    if row.plan is not None and "plan" in changes:
        plan = row.plan
        insert_once(session, PlanRow, run_id=run.id, revision=row.revision, digest=plan.digest, plan=plan, at=now)
    # the version counts every change, and every event comes with one: nobody else can have added any
    return to_run(row, run.events if event is None else (*run.events, event))


def _approval(run: Run, status: RunStatus, now: datetime) -> dict[str, Any]:
    """When a person approves; going back after an uncertain submission is no new approval."""
    return {"approved_at": now} if (run.status, status) == (RunStatus.PROPOSED, RunStatus.APPROVED) else {}


def _columns(status: RunStatus, changes: dict[str, Any]) -> dict[str, Any]:
    """Turn changes of a Run into columns, with those that follow from them."""
    if unknown := changes.keys() - CHANGEABLE:
        raise TypeError(f"a run has no changeable {', '.join(sorted(unknown))}")
    columns = {**changes, "status": status}
    if status in FINAL:
        columns["next_check_at"] = None
    elif columns.get("next_check_at", True) is None:
        raise ValueError(f"a run that is {status} needs a next check")
    if "plan" in changes:
        columns |= {"output_repo": None, "output_name": None, "ceiling_usd": None}
    if isinstance(plan := changes.get("plan"), Plan):
        output = plan.output_repo
        columns |= {"namespace": plan.namespace, "output_repo": output.lower(), "output_name": output}
        columns["ceiling_usd"] = plan.ceiling_usd
    if "job" in changes:
        columns["job_id"] = None
    if isinstance(job := changes.get("job"), Job):
        columns |= {"job_id": job.id, "namespace": job.namespace}
    return columns
