"""One fine-tuning from request to report."""

from datetime import datetime

from bot.models.job import Diagnosis, Job, Progress, Report, Usage
from bot.models.plan import Plan, Resume
from bot.models.preferences import Verbosity
from bot.models.request import TrainingRequest
from bot.models.value import Value
from bot.states import FINAL, RunStatus

#: How the note begins of the event that a change of the request leaves (storage.store.Store.revise); behind it stands
#: the Slack id of the words or the click that asked for it.
REVISED = "changed the request"
#: The bot's own name in the audit trail.
ITSELF = "tunesmith"
#: How the note begins of the event that a run gets when another one grew from it; behind it stand that run's short id
#: and what was chosen, parted by ": ".
FOLLOWED = "followed by"
#: How the note begins of the event that a run gets when its job was run again on the Hub; behind it stand that job's
#: id and address, parted by a blank.
RERUN = "run again on the Hub:"


class Place(Value):
    """Where in Slack a run lives."""

    team_id: str
    channel: str
    #: The thread's parent; None: the run's own card will be the parent once it is posted.
    thread_ts: str | None = None


class RunEvent(Value):
    """One line of the audit trail."""

    at: datetime
    #: None: the status stayed; the note says what happened.
    status: RunStatus | None
    #: A Slack user id, or ITSELF.
    actor: str
    #: Plain text; "" when the status says it all.
    note: str = ""


class Question(Value):
    """What the bot asked in the thread; plain text."""

    #: The field of TrainingRequest that the answer fills.
    field: str
    text: str
    #: How to answer.
    hint: str
    #: Likely answers, best first.
    choices: tuple[str, ...] = ()


class Problem(Value):
    """A UserError, kept: what happened and what to do."""

    problem: str
    fix: str


class Alert(Value):
    """Something that people should look at while the job runs. Said once and kept."""

    #: "diverged", "stalled", "queued", "late", "dear", "gpu_idle" or "gpu_full".
    kind: str
    at: datetime
    #: Plain text sentences: what is seen, then what it means.
    text: str


class Machine(Usage):
    """How busy the GPUs are, as the Hub measured it last."""

    at: datetime
    #: Looks in a row at which the GPUs were nearly idle while the training made steps.
    idle_looks: int = 0


class Parent(Value):
    """The run that this one grew from."""

    run_id: str
    #: What was chosen, plain text: "Retry", "Resume from step 640", "Batch 2, accumulation 8".
    how: str
    #: The parent's job is stopped before this run is planned: of the two only one is ever paid.
    replaces: bool = False


class Run(Value):
    """One fine-tuning from request to report; the whole row, as one value."""

    #: A ULID-like id of 26 letters and digits; the last 8 are shown to people as its short name.
    id: str
    status: RunStatus
    #: Counts the plans of this run; 0 before the first.
    revision: int
    #: The request changed and the watcher has not planned it yet: no button of the old plan works.
    needs_plan: bool = True
    #: Counts every change of the row.
    version: int
    place: Place
    #: Slack user id of whoever asked.
    requester: str
    request: TrainingRequest
    #: None before the first plan.
    plan: Plan | None = None
    #: The plan of the revision before; None when there is none. The card shows the difference.
    previous_plan: Plan | None = None
    #: The question that waits for an answer (drafting); None otherwise.
    question: Question | None = None
    #: Why it was refused, or what keeps the watcher waiting; None: nothing.
    problem: Problem | None = None
    #: Slack user id; None: nobody decided yet.
    decided_by: str | None = None
    #: The reason given with a rejection.
    reason: str | None = None
    #: A wish, not a status: Slack user id of whoever wants the job stopped.
    cancel_requested_by: str | None = None
    job: Job | None = None
    progress: Progress = Progress()
    #: The last lines that the job printed, as the watcher saw them: secrets and installer noise removed.
    log_tail: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None
    report: Report | None = None
    #: None: it was asked for in words or by the form.
    parent: Parent | None = None
    #: The checkpoint that it goes on from; None: it starts from the base model.
    resume: Resume | None = None
    alerts: tuple[Alert, ...] = ()
    #: None: the Hub has not measured the GPUs yet.
    machine: Machine | None = None
    #: When the watcher first saw the step that `progress` is at; None: no step yet.
    stepped_at: datetime | None = None
    #: What the Hub bills for the job so far, US dollars.
    spent_usd: float = 0.0
    #: How much its thread says.
    verbosity: Verbosity = Verbosity.MILESTONES
    #: Whoever asked wants a direct message at its end.
    direct: bool = False
    created_at: datetime
    updated_at: datetime
    #: The watcher looks again then; None: final.
    next_check_at: datetime | None
    events: tuple[RunEvent, ...] = ()

    @property
    def short_id(self) -> str:
        return self.id[-8:]

    @property
    def authors(self) -> frozenset[str]:
        """Whoever asked, and everybody who changed the request since: the plan is theirs. Slack user ids."""
        return frozenset({self.requester, *(event.actor for event in self.changes)})

    @property
    def changed_by(self) -> str:
        """The Slack id of what changed the request last; "": nothing did since it was asked for."""
        return self.changes[-1].note.removeprefix(REVISED).lstrip(": ") if self.changes else ""

    @property
    def changes(self) -> list[RunEvent]:
        """Every change of the request since it was asked for, oldest first."""
        return [event for event in self.events if event.status is None and event.note.startswith(REVISED)]

    @property
    def followers(self) -> list[RunEvent]:
        """The events that tell of runs that grew from this one, oldest first."""
        return [event for event in self.events if event.status is None and event.note.startswith(FOLLOWED)]

    @property
    def grown(self) -> list[str]:
        """The short ids of the runs that grew from this one, oldest first."""
        return [event.note.removeprefix(FOLLOWED).strip().partition(": ")[0] for event in self.followers]

    @property
    def announcement(self) -> str:
        """The key of the message in the thread that says that there is a new plan."""
        return f"plan-{self.revision}"

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


class Delivered(Value):
    """One message of a run's thread, as far as Slack is known to have it."""

    key: str
    #: None: not known to be posted.
    ts: str | None
    #: Of what Slack shows; "": nothing yet.
    digest: str
    #: A post began then and its outcome was not recorded: look the message up before posting again. None: no such post.
    posting_since: datetime | None
