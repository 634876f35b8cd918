"""Follow a job that the Hub has: one listing for all, the log's tail, and a check of what really landed.

The end of a log says nothing about a job, COMPLETED says nothing about files, and an answer that does not come says
nothing at all: only definite words of the Hub move a run.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.errors import HubRefusal, Transient, UserError
from bot.landing import landing_trouble
from bot.models import Diagnosis, Job, JobStage, Plan, Problem, Report, Run, Value
from bot.models.run import ITSELF
from bot.planning import billed_usd
from bot.ports import Clock, Hub, JobRunner
from bot.states import RunStatus
from bot.training import clean_tail, diagnose, read_progress
from storage.store import Store

log = logging.getLogger(__name__)

#: Lines of the log that are read at a look; a progress line is printed every few steps.
TAIL_LINES = 400
#: The card is not edited more often than this for the clock alone.
CLOCK_STEP_S = 60.0
#: A job that the Hub does not know, look after look, is given up after this.
MISSING = timedelta(minutes=10)
#: The Hub's file listing may lag behind the job's last push; counted from when we first saw COMPLETED.
LANDING = timedelta(seconds=60)
#: The last log of an ended job is asked for this long when it cannot be read.
LAST_LOG = timedelta(minutes=10)
#: One running job's log is read at most every this many seconds times the number of running jobs: at 200 of the free
#: plan's 1,000 calls in five minutes (hub-docs rate-limits, 2026-08), a fifth of what we may.
LOG_SHARE_S = 1.5

_S = RunStatus
_ACTIVE = (JobStage.SCHEDULING, JobStage.RUNNING, JobStage.UNKNOWN)
_UNKNOWN_JOB = Problem(
    problem="The Hub does not know the job of this run at the moment.", fix="Nothing to do: I keep looking."
)


class Sweep(Value):
    """What one listing a namespace told."""

    #: Active jobs by id.
    jobs: dict[str, Job] = {}
    #: Namespaces that could not be listed, and how long to leave them alone. Seconds.
    silent: dict[str, float] = {}


class Observer:
    """Moves queued and running runs along. Remembers only when it read which log, to ask rarely."""

    def __init__(self, *, store: Store, hub: Hub, jobs: JobRunner, clock: Clock) -> None:
        self._store = store
        self._hub = hub
        self._jobs = jobs
        self._clock = clock
        self._read_at: dict[str, datetime] = {}

    def sweep(self, runs: Sequence[Run]) -> Sweep:
        """List the active jobs of every namespace that these runs need, one listing each; stop strays on the way."""
        found: dict[str, Job] = {}
        silent: dict[str, float] = {}
        for namespace in sorted({run.job.namespace for run in runs if run.job and not run.is_final}):
            try:
                jobs = self._jobs.sweep(namespace)
            except Transient as error:
                log.warning("sweeping the jobs of %s: %s", namespace, error)
                silent[namespace] = error.retry_after_s or 0.0
                continue
            except UserError as error:
                log.error("sweeping the jobs of %s: %s", namespace, error)
                silent[namespace] = 0.0
                continue
            found |= {job.id: job for job in jobs}
        own = {run.job.id for run in runs if run.job}
        for job in found.values():
            if job.id not in own:
                self._stop_stray(job)
        self._read_at = {job: at for job, at in self._read_at.items() if job in found}
        return Sweep(jobs=found, silent=silent)

    def observe(self, run: Run, sweep: Sweep) -> None:
        """Look at the run's job and move the run accordingly.

        Raises:
            Transient: its namespace cannot be listed now; one listing is enough to know.
        """
        assert run.job is not None
        plan = run.plan
        assert plan is not None
        if run.job.namespace in sweep.silent:
            pause = sweep.silent[run.job.namespace]
            raise Transient(f"the jobs of {run.job.namespace} cannot be listed", retry_after_s=pause)
        try:
            job = sweep.jobs.get(run.job.id) or self._jobs.inspect(run.job.namespace, run.job.id)
        except HubRefusal as refusal:
            self._missing(run, refusal)
            return
        if run.cancel_requested_by and job.stage in _ACTIVE:
            self._jobs.cancel(job.namespace, job.id)
        lines = self._tail(job, len(sweep.jobs))
        run = self._looked(run, job, lines)
        match job.stage:
            case JobStage.COMPLETED:
                self._report(run, job, plan)
            case JobStage.ERROR:
                diagnosis = diagnose(job, lines)
                self._store.advance(run, _S.FAILED, actor=ITSELF, note=diagnosis.cause, diagnosis=diagnosis)
            case JobStage.CANCELED:
                by = run.cancel_requested_by
                self._store.advance(run, _S.CANCELED, actor=by or ITSELF, note="" if by else "stopped on the Hub")
            case JobStage.DELETED:
                self._lost(run)

    def _stop_stray(self, job: Job) -> None:
        """Stop a job of ours that its run does not own: a second one, or one of a run that is over."""
        try:
            run = self._store.get(job.labels.get("run", ""))
        except KeyError:
            return  # another installation shares the namespace: not ours to stop
        owned = run.job is not None and run.job.id == job.id
        if (run.job is not None and not owned) or run.status is _S.CANCELED:
            log.error("stopping job %s: run %s does not own it", job.id, run.id)
            try:
                self._jobs.cancel(job.namespace, job.id)
            except (Transient, UserError) as error:
                log.warning("stopping job %s: %s", job.id, error)

    def _tail(self, job: Job, active: int) -> Sequence[str]:
        """Read the log, rarely enough; the last one of an ended job until it can be read."""
        if job.stage is JobStage.SCHEDULING:
            return ()
        now = self._clock()
        ended = job.stage not in _ACTIVE
        pause = timedelta(seconds=LOG_SHARE_S * max(0, active - 1))
        if not ended and job.id in self._read_at and now - self._read_at[job.id] < pause:
            return ()
        self._read_at[job.id] = now
        try:
            return self._jobs.log_tail(job.namespace, job.id, TAIL_LINES)
        except Transient:
            if ended and now - (job.finished_at or now) < LAST_LOG:
                raise
        except HubRefusal as refusal:
            log.warning("reading the log of job %s: %s", job.id, refusal)
        return ()

    def _looked(self, run: Run, job: Job, lines: Sequence[str]) -> Run:
        """Write down what was seen, when it is news."""
        assert run.job is not None
        progress = read_progress(lines, run.progress)
        changes: dict[str, Any] = {
            "job": job,
            "progress": progress,
            "log_tail": clean_tail(lines) or run.log_tail,
            "problem": None,
        }
        if run.status is _S.QUEUED and job.stage is JobStage.RUNNING:
            return self._store.advance(run, _S.RUNNING, actor=ITSELF, **changes)
        aged = (job.running_s or 0) - (run.job.running_s or 0) >= CLOCK_STEP_S
        if progress != run.progress or job.stage is not run.job.stage or aged or run.problem:
            return self._store.update(run, **changes)
        return run

    def _report(self, run: Run, job: Job, plan: Plan) -> None:
        """Believe COMPLETED only when the model is there."""
        try:
            landed = self._hub.landed(plan.output_repo)
        except UserError as refusal:
            trouble: Diagnosis | None = Diagnosis(
                kind="permission",
                cause=f"The job ended without an error, but I may not look at {plan.output_repo}: {refusal.problem}",
                fix=f"{refusal.fix} Then look at {plan.output_repo} yourself: the model may be there.",
            )
            landed = None
        else:
            trouble = landing_trouble(plan, job, landed)
        if trouble is None:
            assert landed is not None
            seconds = running_s(job)
            report = Report(
                landed=landed,
                running_s=seconds,
                cost_usd=billed_usd(seconds, plan.flavor.price_usd_hour),
                metrics=run.progress.metrics,
            )
            self._store.advance(run, _S.SUCCEEDED, actor=ITSELF, note=landed.url, report=report)
        elif self._clock() - run.updated_at > LANDING:
            self._store.advance(run, _S.FAILED, actor=ITSELF, note=trouble.cause, diagnosis=trouble)

    def _missing(self, run: Run, refusal: HubRefusal) -> None:
        """A job that is not found is first only said to be so; the time counts from the first of such looks."""
        log.warning("looking at the job of run %s: %s", run.id, refusal)
        if refusal.status != 404:
            raise Transient(f"the Hub refuses to show the job: {refusal.problem}")
        if run.problem != _UNKNOWN_JOB:
            self._store.update(run, problem=_UNKNOWN_JOB, note=_UNKNOWN_JOB.problem)
        elif self._clock() - run.updated_at > MISSING:
            self._lost(run)

    def _lost(self, run: Run) -> None:
        diagnosis = Diagnosis(
            kind="job_deleted",
            cause="The job was deleted on the Hub, so nobody knows how it ended.",
            fix="Look at the output repository: checkpoints that were pushed are still there. Then ask for a new run.",
        )
        self._store.advance(run, _S.FAILED, actor=ITSELF, note=diagnosis.cause, diagnosis=diagnosis)


def running_s(job: Job) -> float:
    """How long the job ran, in seconds: as the Hub says, or from its own two times when it does not."""
    if job.running_s is not None:
        return job.running_s
    if job.started_at is not None and job.finished_at is not None:
        return (job.finished_at - job.started_at).total_seconds()
    return 0.0
