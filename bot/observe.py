"""Follow a job that the Hub has: one listing for all, the log's tail, and a check of what really landed.

The end of a log says nothing about a job, COMPLETED says nothing about files, and an answer that does not come says
nothing at all: only definite words of the Hub move a run.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.alerts import IDLE_PERCENT, alerts
from bot.errors import HubRefusal, InvalidTransition, Transient, UserError
from bot.landing import NO_ERROR, landing_trouble
from bot.models import Diagnosis, Flavor, Job, JobStage, Machine, Plan, Problem, Progress, Report, Run, Value
from bot.models.run import ITSELF, RERUN
from bot.planning import FALLBACK_FLAVORS, Limits, billed_usd, remedies
from bot.ports import Clock, Hub, JobRunner
from bot.states import RunStatus
from bot.training import after_the_push, clean_tail, diagnose, ending, read_progress
from storage.store import Store

log = logging.getLogger(__name__)

#: Lines of the log that are read at a look; a progress line is printed every few steps.
TAIL_LINES = 400
#: The card is not edited more often than this for the clock alone.
CLOCK_STEP_S = 60.0
#: The GPUs are measured this rarely, or at the pace of the logs where that is slower: a look takes a second.
USAGE_EVERY = timedelta(minutes=5)
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

    def __init__(self, *, store: Store, hub: Hub, jobs: JobRunner, clock: Clock, max_ceiling_usd: float = 1e6) -> None:
        """`max_ceiling_usd`: what no plan may cost, so that no dearer way out is offered."""
        self._store = store
        self._hub = hub
        self._jobs = jobs
        self._clock = clock
        self._max_ceiling_usd = max_ceiling_usd
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
        run = self._looked(run, job, lines, self._machine(run, job, len(sweep.jobs)))
        match job.stage:
            case JobStage.COMPLETED:
                self._report(run, job, plan)
            case JobStage.ERROR if run.progress.fenced_by and self._gone_over(run):
                return
            case JobStage.ERROR if run.progress.pushed:
                self._report(run, job, plan, self._with_remedies(diagnose(job, lines), plan))
            case JobStage.ERROR:
                diagnosis = self._with_remedies(ending(run.progress, job) or diagnose(job, lines), plan)
                self._store.advance(run, _S.FAILED, actor=ITSELF, note=diagnosis.cause, diagnosis=diagnosis)
            case JobStage.CANCELED:
                by = run.cancel_requested_by
                self._store.advance(run, _S.CANCELED, actor=by or ITSELF, note="" if by else "stopped on the Hub")
            case JobStage.DELETED:
                self._lost(run)

    def _with_remedies(self, diagnosis: Diagnosis, plan: Plan) -> Diagnosis:
        """Add what one click can do about it, at the prices of now."""
        flavors: Sequence[Flavor] = FALLBACK_FLAVORS
        try:
            flavors = self._jobs.flavors()
        except (Transient, UserError) as error:
            log.warning("pricing the ways out of %s: %s", diagnosis.kind, error)
        limits = Limits(max_ceiling_usd=self._max_ceiling_usd)
        try:
            found = remedies(diagnosis.kind, plan, flavors, limits)
        except Exception:
            log.exception("looking for ways out of %s", diagnosis.kind)  # that it failed has to be told all the same
            return diagnosis
        return diagnosis.model_copy(update={"remedies": found})

    def _gone_over(self, run: Run) -> bool:
        """Follow the older job that ours stepped aside for; False: it is not there or of another run."""
        assert run.job is not None
        try:
            older = self._jobs.inspect(run.job.namespace, run.progress.fenced_by)
        except HubRefusal as refusal:
            log.warning("looking at job %s: %s", run.progress.fenced_by, refusal)
            return False
        if older.labels.get("run") != run.id or older.created_at > run.job.created_at:
            return False
        note = f"job {run.job.id} stepped aside for job {older.id}"
        self._store.update(run, job=older, progress=Progress(), note=note)
        return True

    def _stop_stray(self, job: Job) -> None:
        """Stop a job of ours that its run does not own: a second one, or one of a run that is over.

        An older one than the run's own is left alone until the own one trains: the younger script steps aside.
        """
        try:
            run = self._store.get(job.labels.get("run", ""))
        except KeyError:
            return  # another installation shares the namespace: not ours to stop
        if job.rerun_of:
            self._tell_rerun(run, job)
            return
        owned = run.job is not None and run.job.id == job.id
        waits = not run.is_final and run.progress.max_steps is None
        if waits and run.job is not None and (job.created_at, job.id) < (run.job.created_at, run.job.id):
            return
        if (run.job is not None and not owned) or run.status is _S.CANCELED:
            log.error("stopping job %s: run %s does not own it", job.id, run.id)
            try:
                self._jobs.cancel(job.namespace, job.id)
            except (Transient, UserError) as error:
                log.warning("stopping job %s: %s", job.id, error)

    def _tell_rerun(self, run: Run, job: Job) -> None:
        """Somebody ran the job again on the Hub's page: their money and their right; the thread hears of it once."""
        note = f"{RERUN} {job.id} {job.url}"
        if all(event.note != note for event in run.events):
            try:
                self._store.update(run, note=note)
            except InvalidTransition as error:
                log.info("run %s changes; its copy on the Hub is told at the next look: %s", run.id, error)

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

    def _looked(self, run: Run, job: Job, lines: Sequence[str], machine: Machine | None) -> Run:
        """Write down what was seen, when it is news."""
        assert run.job is not None
        assert run.plan is not None
        now = self._clock()
        progress = read_progress(lines, run.progress)
        changes: dict[str, Any] = {
            "job": job,
            "progress": progress,
            "log_tail": clean_tail(lines) or run.log_tail,
            "problem": None,
            "machine": machine,
            "stepped_at": now if progress.step != run.progress.step else run.stepped_at,
            # a job that is gone says no longer how long it ran: what was billed stays billed
            "spent_usd": max(run.spent_usd, round(billed_usd(running_s(job), run.plan.flavor.price_usd_hour), 4)),
        }
        if run.status is _S.QUEUED and job.stage is JobStage.RUNNING:
            return self._store.advance(run, _S.RUNNING, actor=ITSELF, **changes)
        new = alerts(run.model_copy(update=changes), now) if job.stage in _ACTIVE else ()
        changes["alerts"] = (*run.alerts, *new)
        aged = (job.running_s or 0) - (run.job.running_s or 0) >= CLOCK_STEP_S
        measured = machine is not run.machine
        if progress != run.progress or job.stage is not run.job.stage or aged or run.problem or new or measured:
            return self._store.update(run, note="; ".join(f"alert: {alert.text}" for alert in new), **changes)
        return run

    def _machine(self, run: Run, job: Job, active: int) -> Machine | None:
        """Measure the GPUs of a job that trains, rarely; what was known before where that is not due or fails."""
        assert run.plan is not None
        before, now = run.machine, self._clock()
        trains = job.stage is JobStage.RUNNING and run.progress.step > 0 and not run.progress.ended
        pause = max(USAGE_EVERY, timedelta(seconds=LOG_SHARE_S * active))
        if not trains or not run.plan.flavor.gpus or (before is not None and now - before.at < pause):
            return before
        try:
            usage = self._jobs.usage(job.namespace, job.id)
        except (Transient, UserError) as error:
            log.info("measuring job %s: %s", job.id, error)
            return before
        if usage is None:
            return before
        idle = usage.busy_percent < IDLE_PERCENT
        looks = (before.idle_looks if before else 0) + 1 if idle else 0
        return Machine(**usage.model_dump(), at=now, idle_looks=looks)

    def _report(self, run: Run, job: Job, plan: Plan, failed: Diagnosis | None = None) -> None:
        """Believe COMPLETED, or a push, only when the model is there; `failed`: why the job failed after the push."""
        try:
            landed = self._hub.landed(plan.output_repo)
        except UserError as refusal:
            trouble: Diagnosis | None = Diagnosis(
                kind="permission",
                cause=f"{NO_ERROR}, but I may not look at {plan.output_repo}: {refusal.problem}",
                fix=f"{refusal.fix} Then look at {plan.output_repo} yourself: the model may be there.",
            )
            landed = None
        else:
            trouble = landing_trouble(plan, job, landed, failed=failed is not None)
        if trouble is None:
            assert landed is not None
            progress = run.progress
            if failed is not None:
                warnings = (*progress.warnings, after_the_push(progress, failed))
                progress = progress.model_copy(update={"warnings": warnings})
            seconds = running_s(job)
            report = Report(
                landed=landed,
                running_s=seconds,
                cost_usd=billed_usd(seconds, plan.flavor.price_usd_hour),
                metrics=run.progress.metrics,
                before=run.progress.before,
                after=run.progress.after,
                samples=run.progress.samples,
                memory_gib=run.progress.memory_gib,
                tokens_per_second=run.progress.tokens_per_second,
            )
            self._store.advance(run, _S.SUCCEEDED, actor=ITSELF, note=landed.url, report=report, progress=progress)
        elif self._clock() - run.updated_at > LANDING:
            if failed is not None:
                cause = trouble.cause.replace(NO_ERROR, "It had pushed its model before that", 1)
                trouble = failed.model_copy(update={"cause": f"{failed.cause} {cause}"})
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
