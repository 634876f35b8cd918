"""Finished runs as lessons for the next plans.

Reads only; what is learned from them is decided in bot/planning/learning.py.
"""

from sqlalchemy import select

from bot.models import PastRun, Run
from bot.states import RunStatus
from storage.engine import Database
from storage.rows import read_runs
from storage.tables import RunRow

#: Newest runs that are read for a plan: enough for each kind of run of a team, and read in milliseconds.
_NEWEST = 60


class Past:
    """The part of the store that remembers how runs went."""

    _database: Database

    def past_runs(self) -> tuple[PastRun, ...]:
        """Runs that succeeded, newest first, with what was predicted and measured; without those that measured nothing.

        A run that went on from a checkpoint is left out: its plan counts steps that it did not make.
        """
        query = select(RunRow.id).where(RunRow.status == RunStatus.SUCCEEDED)
        query = query.order_by(RunRow.updated_at.desc()).limit(_NEWEST)
        with self._database.read() as session:
            runs = read_runs(session, session.scalars(query).all())
        return tuple(past for past in map(as_past, runs) if past is not None)


def as_past(run: Run) -> PastRun | None:
    """What the run teaches; None: nothing was measured, or nothing was predicted."""
    plan, report = run.plan, run.report
    if plan is None or report is None or plan.resume is not None or not plan.estimate.tokens_per_s:
        return None
    estimate, seconds = plan.estimate, run.progress.seconds_per_step
    # what was learned before is taken out again, or the next lesson would correct a correction
    factors = {name: estimate.corrections.get(name, 1.0) for name in ("speed", "memory")}
    reserved = report.memory_gib.get("gpu_reserved")
    outside = estimate.parts_gib.get("context", 0.0)
    training_min = (seconds or 0.0) * run.progress.step / 60
    return PastRun(
        run_id=run.id,
        ended_at=run.updated_at,
        model_type=plan.model.model_type,
        parameters=plan.model.parameters,
        method=plan.method,
        tuning=plan.tuning,
        flavor=plan.flavor.name,
        predicted_tokens_per_s=estimate.tokens_per_s / factors["speed"],
        measured_tokens_per_s=report.tokens_per_second,
        predicted_memory_gib=estimate.memory_gib / factors["memory"],
        measured_memory_gib=reserved + outside if reserved else report.memory_gib.get("host"),
        predicted_startup_min=estimate.startup_min,
        measured_startup_min=max(0.1, report.running_s / 60 - training_min) if seconds else None,
        predicted_usd=estimate.cost_usd,
        measured_usd=report.cost_usd,
    )
