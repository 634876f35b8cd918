"""Small stateful stand-ins for the four seams. They behave; they do not record expectations."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bot.errors import HubRefusal, Transient, UserError
from bot.models import (
    Counted,
    DatasetInfo,
    Flavor,
    Job,
    JobStage,
    Landed,
    Method,
    ModelInfo,
    Passage,
    Plan,
    Run,
    TokenRights,
    Usage,
)
from tests.builders import NOW, make_flavor, make_job

T = TypeVar("T")


class FakeClock:
    """Stands still until time is told to pass."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


class FakeHub:
    """A Hub of dictionaries; `down` makes every call fail for now."""

    def __init__(self) -> None:
        self.models: dict[str, ModelInfo] = {}
        self.datasets: dict[str, DatasetInfo] = {}
        self.repos: dict[str, Landed] = {}
        #: Repository and commit -> the step of the checkpoint there.
        self.checkpoints: dict[tuple[str, str], int] = {}
        #: Of `repos`, those that everybody can read.
        self.public: set[str] = set()
        self.token = TokenRights(user="tunesmith-lab", role="write", organizations={"acme": "admin"})
        #: What `count` answers; None: no model has a tokenizer.
        self.counted: Callable[[Sequence[Passage]], Counted] | None = None
        self.down = False
        #: repository -> titles of the commits since its checkpoint
        self.newer: dict[str, list[str]] = {}

    def model(self, repo_id: str) -> ModelInfo:
        return self._find(self.models, repo_id, "model")

    def dataset(self, repo_id: str, config: str | None, split: str | None, method: Method | None = None) -> DatasetInfo:
        return self._find(self.datasets, repo_id, "dataset")

    def search_models(self, words: str, limit: int = 5) -> Sequence[str]:
        return [name for name in self.models if words.lower() in name.lower()][:limit]

    def search_datasets(self, words: str, limit: int = 5) -> Sequence[str]:
        return [name for name in self.datasets if words.lower() in name.lower()][:limit]

    def count(
        self, model: ModelInfo, passages: Sequence[Passage], *, template: str | None, show: int
    ) -> Counted | None:
        return self.counted(passages) if self.counted else None

    def rights(self) -> TokenRights:
        self._answer()
        return self.token

    def check_write(self, repo_id: str) -> None:
        assert repo_id in self.repos

    def existing(self, repo_id: str) -> Mapping[str, bool | None]:
        return {name: name not in self.public for name in self.repos if name.startswith(repo_id)}

    def repo_exists(self, repo_id: str) -> bool:
        return repo_id in self.repos

    def landed(self, repo_id: str) -> Landed | None:
        self._answer()
        return self.repos.get(repo_id)

    def newer_commits(self, repo_id: str, commit: str) -> Sequence[str]:
        self._answer()
        return self.newer.get(repo_id, [])

    def checkpoint_step(self, repo_id: str, commit: str) -> int | None:
        self._answer()
        return self.checkpoints.get((repo_id, commit))

    def _answer(self) -> None:
        if self.down:
            raise Transient("the Hub is down")

    def _find(self, known: dict[str, T], name: str, kind: str) -> T:
        self._answer()
        if name not in known:
            raise UserError(f"There is no {kind} named {name}.", "Check the spelling.")
        return known[name]


class FakeJobs:
    """Hugging Face Jobs in a list. `lose_answer`: the next submission happens and its answer is lost."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.jobs: dict[str, Job] = {}
        self.logs: dict[str, list[str]] = {}
        self.scripts: dict[str, str] = {}
        self.usages: dict[str, Usage] = {}
        self.refusal: HubRefusal | None = None
        self.lose_answer = False
        self.unreachable = False
        self.hardware: list[Flavor] = [make_flavor()]

    def flavors(self) -> Sequence[Flavor]:
        return self.hardware

    def submit(self, run: Run, plan: Plan, script: str) -> Job:
        if self.refusal:
            raise self.refusal
        if self.unreachable:
            raise Transient("no route to the Hub")
        number = f"job{len(self.jobs) + 1}"
        self.jobs[number] = make_job(
            id=number, stage=JobStage.SCHEDULING, labels={"app": "tunesmith", "run": run.id}, created_at=self.clock(),
            started_at=None, running_s=None, namespace=plan.namespace,
        )  # fmt: skip
        self.scripts[number] = script
        if self.lose_answer:
            self.lose_answer = False
            raise Transient("the connection was dropped")
        return self.jobs[number]

    def find(self, namespace: str, run_id: str) -> Job | None:
        return next((job for job in self.jobs.values() if job.labels["run"] == run_id), None)

    def sweep(self, namespace: str) -> Sequence[Job]:
        if self.unreachable:
            raise Transient("no route to the Hub")
        return [job for job in self.jobs.values() if job.stage in (JobStage.SCHEDULING, JobStage.RUNNING)]

    def inspect(self, namespace: str, job_id: str) -> Job:
        if self.unreachable:
            raise Transient("no route to the Hub")
        if job_id not in self.jobs:
            raise HubRefusal("No such job.", "", status=404)
        return self.jobs[job_id]

    def log_tail(self, namespace: str, job_id: str, lines: int) -> Sequence[str]:
        return self.logs.get(job_id, [])[-lines:]

    def usage(self, namespace: str, job_id: str) -> Usage | None:
        return self.usages.get(job_id)

    def cancel(self, namespace: str, job_id: str) -> None:
        self.set_stage(job_id, JobStage.CANCELED)

    def set_stage(self, job_id: str, stage: JobStage, *log: str, **changes: object) -> None:
        """The world moves on: a new stage and some lines of log."""
        started = self.jobs[job_id].started_at or (self.clock() if stage is JobStage.RUNNING else None)
        finished = None if stage in (JobStage.RUNNING, JobStage.SCHEDULING) else self.clock()
        update = {"stage": stage, "started_at": started, "finished_at": finished, **changes}
        self.jobs[job_id] = self.jobs[job_id].model_copy(update=update)
        self.logs.setdefault(job_id, []).extend(log)


class FakeChat:
    """Remembers the last state of every run that it was asked to show."""

    def __init__(self, mark_shown: Callable[[str, int], None]) -> None:
        self.shown: dict[str, Run] = {}
        self.down = False
        self._mark_shown = mark_shown

    def show(self, run: Run) -> bool:
        if self.down:
            return False
        self.shown[run.id] = run
        self._mark_shown(run.id, run.version)
        return True
