"""What time does: plan, submit, recover, observe, report, expire. The only place that may spend money.

Level-triggered: every tick reads the due rows again and moves each one step, from the row alone. A restart is just a
late tick. Nothing is kept in memory between ticks.
"""

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from bot.amounts import money
from bot.errors import HubRefusal, InvalidTransition, NotAllowed, Transient, Unclear, UserError
from bot.exchange import is_stopped
from bot.models import Diagnosis, Job, Ledger, Plan, Problem, Question, Resume, Run, Value
from bot.models.request import HOW_SAID
from bot.models.run import ITSELF
from bot.observe import Observer, Sweep
from bot.ports import Chat, Clock, JobRunner
from bot.states import RunStatus
from bot.training import diagnose_refusal, render_script
from storage.store import Store

log = logging.getLogger(__name__)

#: Runs that are worked on side by side.
_PARALLEL = 8

#: A row that somebody changes at the same moment is read again so many times.
_TRIES = 5
#: How often an approved run may stumble before it is given up, and how the audit trail marks it.
_STUMBLES, _STUMBLED = 5, "stumbled: "

_S = RunStatus


class Timings(Value):
    """How patient the watcher is."""

    #: A plan or a question that nobody answers expires.
    expires: timedelta = timedelta(hours=24)
    #: A request that cannot be planned because the Hub is down is refused after this.
    planning: timedelta = timedelta(hours=1)
    #: How long the Hub's listing may lag behind a submission, plus the time limit of the call itself.
    visibility: timedelta = timedelta(seconds=80)
    #: The pause after a transient failure that names none itself.
    backoff: timedelta = timedelta(seconds=15)
    #: The pause after a bug of ours.
    stumble: timedelta = timedelta(minutes=5)


DEFAULT_TIMINGS = Timings()


class Watcher:
    """Moves runs. One `tick` at a time a process; several processes share the rows through leases."""

    def __init__(
        self,
        *,
        store: Store,
        chat: Chat,
        jobs: JobRunner,
        propose: Callable[..., Plan],
        go_on: Callable[..., Plan],
        exists: Callable[[str], bool],
        observer: Observer,
        clock: Clock,
        check_budget: Callable[[Plan, Ledger], None] | None = None,
        timings: Timings = DEFAULT_TIMINGS,
    ) -> None:
        self._store = store
        self._chat = chat
        self._jobs = jobs
        self._propose = propose
        self._go_on = go_on
        self._exists = exists
        self._observer = observer
        self._check_budget = check_budget
        self._clock = clock
        self._timings = timings
        self._stopped = threading.Event()

    def tick(self) -> int:
        """Move every due run one step and show it; returns how many there were."""
        runs = self._store.due(self._clock())
        if runs:
            sweep = self._observer.sweep(runs)
            with ThreadPoolExecutor(_PARALLEL) as pool:
                list(pool.map(lambda run: self._work(run, sweep), runs))
        return len(runs)

    def stop(self) -> None:
        """Let the steps that run end and begin no other; what was claimed is given back."""
        self._stopped.set()

    def _work(self, run: Run, sweep: Sweep) -> None:
        try:
            if self._stopped.is_set():
                return
            if run.next_check_at is not None and run.next_check_at <= self._clock():
                self._try(run, sweep)
            self._chat.show(self._store.get(run.id))
        except Exception:
            log.exception("working on run %s", run.id)
        finally:
            self._release(run)

    def _release(self, run: Run) -> None:
        try:
            self._store.release(run.id)
        except Transient as error:
            log.warning("giving run %s back: %s", run.id, error)

    def _try(self, run: Run, sweep: Sweep) -> None:
        try:
            self._step(run, sweep)
        except InvalidTransition as error:
            log.info("run %s was moved by somebody else: %s", run.id, error)
        except Transient as error:
            log.warning("run %s: %s", run.id, error)
            self._wait(self._store.get(run.id), error)
        except UserError as error:
            log.warning("run %s: refused: %s", run.id, error)
            self._stumble(self._store.get(run.id), error)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("moving run %s, reference %s", run.id, reference)
            ours = UserError(
                f"Something went wrong on my side while I worked on this (reference {reference}).",
                "Ask again; if it happens once more, give the reference to whoever runs Tunesmith.",
            )
            self._stumble(self._store.get(run.id), ours)

    def _step(self, run: Run, sweep: Sweep) -> None:
        match run.status:
            case _S.RECEIVED | _S.DRAFTING | _S.PROPOSED | _S.APPROVED if run.cancel_requested_by:
                self._store.advance(run, _S.CANCELED, actor=run.cancel_requested_by)
            case _S.RECEIVED | _S.DRAFTING | _S.PROPOSED if run.needs_plan:
                self._plan(run)
            case _S.DRAFTING | _S.PROPOSED:
                self._store.advance(run, _S.EXPIRED, actor=ITSELF)
            case _S.APPROVED:
                self._submit(run)
            case _S.SUBMITTING:
                self._recover(run)
            case _S.QUEUED | _S.RUNNING:
                self._observer.observe(run, sweep)

    # --- plan

    def _plan(self, run: Run) -> None:
        expires = self._clock() + self._timings.expires
        try:
            if not self._may_begin(run):
                return
            plan = self._resumed(run, run.resume) if run.resume else self._made(run)
        except Unclear as question:
            asked = _question(question)
            if run.status is _S.PROPOSED:
                self._keep_plan(run, question)
            elif run.status is _S.DRAFTING:
                self._store.update(
                    run, question=asked, problem=None, needs_plan=False, next_check_at=expires, note=asked.text
                )
            else:
                self._store.advance(
                    run, _S.DRAFTING, actor=ITSELF, note=asked.text, question=asked, needs_plan=False, problem=None,
                    next_check_at=expires,
                )  # fmt: skip
        except UserError as error:
            if run.status is _S.RECEIVED:
                self._store.advance(run, _S.REFUSED, actor=ITSELF, note=error.problem, problem=_problem(error))
            else:
                self._keep_plan(run, error)
        else:
            self._store.advance(
                run,
                _S.PROPOSED,
                actor=ITSELF,
                note=f"plan {plan.digest}",
                plan=plan,
                previous_plan=run.plan or run.previous_plan,
                revision=run.revision + 1,
                needs_plan=False,
                question=None,
                problem=None,
                next_check_at=expires,
            )

    def _made(self, run: Run) -> Plan:
        return self._propose(run.request, self._store.promised(run.id))

    def _resumed(self, run: Run, resume: Resume) -> Plan:
        """Plan the rest of a run that stopped: a checkpoint fits only the settings that it was made with.

        Raises:
            UserError: somebody wants it changed.
        """
        stopped = self._store.get(resume.run_id)
        asked = _plan_of(stopped).request
        if run.request.model_dump(exclude=set(HOW_SAID)) != asked.model_dump(exclude=set(HOW_SAID)):
            raise UserError(
                f"This run goes on from a checkpoint of run {stopped.short_id}, so its settings cannot change.",
                "Approve it as it is, or ask for a new run with the change in it.",
            )
        return self._go_on(stopped, resume, self._store.promised(run.id))

    def _may_begin(self, run: Run) -> bool:
        """Whether the job that it replaces, if any, has stopped.

        Raises:
            UserError: that job is not stopped.
        """
        if run.parent is None or not run.parent.replaces:
            return True
        times = self._timings
        return is_stopped(self._store, run, now=self._clock(), pause=times.backoff, patience=times.planning)

    def _keep_plan(self, run: Run, error: UserError) -> None:
        """A change that cannot be made leaves the plan, or the question, as it was, and says why or asks."""
        request, question = run.request, run.question
        problem: Problem | None = _problem(error)
        if run.plan is not None:
            request, question = run.plan.request, None
        elif run.question is not None:
            request = request.model_copy(update={run.question.field: None})
        if isinstance(error, Unclear) and error.choices:
            question, problem = _question(error), None
        self._store.update(
            run,
            request=request,
            question=question,
            problem=problem,
            needs_plan=False,
            next_check_at=self._clock() + self._timings.expires,
            note=error.problem,
        )

    # --- submit

    def _submit(self, run: Run) -> None:
        """Buy the job. The claim is written before the call, so that a crash in between is found by `_recover`."""
        plan = _plan_of(run)
        script = render_script(plan)
        if outdated := self._outdated(run, plan, script):
            self._store.advance(run, _S.CANCELED, actor=ITSELF, note=outdated, problem=_again(outdated))
            return
        run = self._store.advance(
            run, _S.SUBMITTING, actor=ITSELF, next_check_at=self._clock() + self._timings.visibility
        )
        try:
            job = self._jobs.submit(run, plan, script)
        except HubRefusal as refusal:
            diagnosis = diagnose_refusal(refusal)
            self._store.advance(run, _S.FAILED, actor=ITSELF, note=diagnosis.cause, diagnosis=diagnosis)
            return
        except Transient as error:
            # The Hub may have the job: only `_recover` may go on, after the listing had time to show it.
            log.warning("run %s: the submission is uncertain: %s", run.id, error)
            self._store.update(run, note=f"the submission is uncertain: {error}", actor=ITSELF)
            return
        self._queued(run, job)

    def _outdated(self, run: Run, plan: Plan, script: str) -> str:
        """Why what was approved is no longer what would be bought; "" when it is."""
        if hashlib.sha256(script.encode()).hexdigest() != plan.script_sha256:
            return "Tunesmith was updated after this plan was approved, and would now write another script."
        if self._clock() - _approved_at(run) > self._timings.expires:
            return "This plan was approved long ago and could not be started since."
        try:
            if self._check_budget:
                self._check_budget(plan, self._store.ledger(without=run.id, at=_approved_at(run)))
        except NotAllowed as refusal:
            return refusal.problem
        exists = (plan.resume is not None or not plan.overwrites) and self._exists(plan.output_repo)
        if plan.resume is not None and not exists:
            return f"The repository {plan.output_repo}, which holds the checkpoint, is gone from the Hub."
        if plan.resume is None and exists:
            return f"The repository {plan.output_repo} appeared on the Hub after this plan was approved."
        now = next((flavor for flavor in self._jobs.flavors() if flavor.name == plan.flavor.name), None)
        if now is None:
            return f"The Hub no longer offers {plan.flavor.name}."
        was, price = plan.flavor.price_usd_hour, now.price_usd_hour
        if price > was:
            rose = f"rose from {money(was)} to {money(price)} an hour"
            return f"The price of {now.name} {rose} after this plan was approved."
        return ""

    def _recover(self, run: Run) -> None:
        """Find out whether an unfinished submission bought a job; only if it did not, try again."""
        job = self._jobs.find(_plan_of(run).namespace, run.id)
        if job is not None:
            self._queued(run, job)
        else:
            note = "the Hub has no such job; submitting again"
            self._store.advance(run, _S.APPROVED, actor=ITSELF, note=note, next_check_at=self._clock())

    def _queued(self, run: Run, job: Job) -> None:
        """Write down which job was bought, also when somebody changed the row (a wish to cancel) meanwhile."""
        for _ in range(_TRIES):
            try:
                self._store.advance(
                    run,
                    _S.QUEUED,
                    actor=ITSELF,
                    note=f"job {job.id}",
                    job=job,
                    problem=None,
                    next_check_at=self._clock(),
                )
                return
            except InvalidTransition:
                run = self._store.get(run.id)
                if run.status is not _S.SUBMITTING:
                    raise
        raise InvalidTransition(f"run {run.id} changes all the time; its job {job.id} is found by its label")

    # --- trouble

    def _wait(self, run: Run, error: Transient) -> None:
        """Try again later, and say so on the card while people wait for a plan."""
        now = self._clock()
        if run.status is _S.RECEIVED and now - run.created_at > self._timings.planning:
            problem = Problem(
                problem="The Hub did not answer for an hour, so there is no plan.", fix="Ask again when it is back."
            )
            self._store.advance(run, _S.REFUSED, actor=ITSELF, note=str(error), problem=problem)
            return
        pause = max(self._timings.backoff, timedelta(seconds=error.retry_after_s or 0))
        changes: dict[str, Any] = {"next_check_at": self._later(run, pause)}
        if run.needs_plan:
            changes["problem"] = Problem(
                problem="The Hugging Face Hub does not answer at the moment.", fix="Nothing to do: I keep trying."
            )
        self._store.update(run, **changes)

    def _stumble(self, run: Run, error: UserError) -> None:
        """A refusal or a bug where none was foreseen: a request ends with it, a paid job is looked at again later."""
        if run.is_final:
            return
        if run.status is _S.RECEIVED:
            self._store.advance(run, _S.REFUSED, actor=ITSELF, note=error.problem, problem=_problem(error))
        elif run.needs_plan:
            self._keep_plan(run, error)
        elif run.status is _S.SUBMITTING and self._stumbles(run) >= _STUMBLES:
            diagnosis = Diagnosis(kind="unknown", cause=error.problem, fix=error.fix)
            self._store.advance(run, _S.FAILED, actor=ITSELF, note=error.problem, diagnosis=diagnosis)
        elif run.status is _S.APPROVED and self._stumbles(run) >= _STUMBLES:
            self._store.advance(run, _S.CANCELED, actor=ITSELF, note=error.problem, problem=_problem(error))
        else:
            later = self._later(run, self._timings.stumble)
            self._store.update(run, next_check_at=later, note=f"{_STUMBLED}{error.problem}", problem=_problem(error))

    def _stumbles(self, run: Run) -> int:
        return sum(event.note.startswith(_STUMBLED) for event in run.events)

    def _later(self, run: Run, pause: timedelta) -> datetime:
        """The next look; never earlier than an uncertain submission has to wait."""
        later = self._clock() + pause
        if run.status is _S.SUBMITTING and run.next_check_at is not None:
            return max(later, run.next_check_at)
        return later


def _approved_at(run: Run) -> datetime:
    """When a person approved; going back to APPROVED after an uncertain submission is no new approval."""
    return next((e.at for e in reversed(run.events) if e.status is _S.APPROVED and e.actor != ITSELF), run.updated_at)


def _again(problem: str) -> Problem:
    return Problem(problem=problem, fix="Ask for the run again and approve its new plan. Nothing was spent.")


def _plan_of(run: Run) -> Plan:
    assert run.plan is not None, f"run {run.id} is {run.status} without a plan"
    return run.plan


def _question(error: Unclear) -> Question:
    return Question(field=error.field, text=error.problem, hint=error.fix, choices=error.choices)


def _problem(error: UserError) -> Problem:
    return Problem(problem=error.problem, fix=error.fix)
