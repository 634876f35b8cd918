"""One fine-tuning from request to report."""

from datetime import datetime

from bot.models.job import Diagnosis, Job, Progress, Report
from bot.models.plan import Plan
from bot.models.request import TrainingRequest
from bot.models.value import Value
from bot.states import FINAL, RunStatus

#: The note of the event that a change of the request leaves (storage.store.Store.revise).
REVISED = "changed the request"
#: The bot's own name in the audit trail.
ITSELF = "tunesmith"


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
        return frozenset({self.requester, *(event.actor for event in self.events if event.note == REVISED)})

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
