"""The seams: what the use cases need from the outside world.

Four and no more; the database is not one of them (tests use a real one). Each has a real client and a small stateful
fake (tests/fakes.py). Every method may raise `UserError` (usually `HubRefusal`) for a definite refusal and
`Transient` for everything that a later try may mend.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from bot.models import DatasetInfo, Flavor, Job, Landed, ModelInfo, Plan, Run

#: Aware, UTC.
Clock = Callable[[], datetime]


class Hub(Protocol):
    """Read-only facts. Safe to call from several threads."""

    def model(self, repo_id: str) -> ModelInfo:
        """Look a base model up.

        Raises:
            UserError: unknown, gated for our token, no safetensors weights, needs remote code.
        """
        ...

    def dataset(self, repo_id: str, config: str | None, split: str | None) -> DatasetInfo:
        """Look a dataset up. `config` None: the only one, or "default".

        Raises:
            UserError: unknown, gated, no such config or split, several configs and none named (the fix lists them).
        """
        ...

    def search_models(self, words: str, limit: int = 5) -> Sequence[str]:
        """Repo ids that match the words, best first."""
        ...

    def search_datasets(self, words: str, limit: int = 5) -> Sequence[str]:
        """Repo ids that match the words, best first."""
        ...

    def namespaces(self) -> Sequence[str]:
        """The token's user first, then its organizations: the wallets that may pay. Cached: whoami is rate limited."""
        ...

    def repo_exists(self, repo_id: str) -> bool:
        """Whether a model repository of this name exists already."""
        ...

    def repo_private(self, repo_id: str) -> bool | None:
        """Whether only its owners can read this model repository; None: there is none, or the Hub does not say."""
        ...

    def landed(self, repo_id: str) -> Landed | None:
        """What the model repository holds now; None: no such repository."""
        ...


class JobRunner(Protocol):
    """Hugging Face Jobs. Only the watcher holds one."""

    def flavors(self) -> Sequence[Flavor]:
        """Hardware and live prices, cheapest first. Cached for some minutes."""
        ...

    def submit(self, run: Run, plan: Plan, script: str) -> Job:
        """Start the job, with label `run` = run.id. Not idempotent: see `find`.

        Raises:
            HubRefusal: the Hub has no job of this call.
            Transient: the Hub may or may not have it.
        """
        ...

    def find(self, namespace: str, run_id: str) -> Job | None:
        """The oldest job with this run's label, whatever its stage."""
        ...

    def sweep(self, namespace: str) -> Sequence[Job]:
        """All jobs of ours that are SCHEDULING or RUNNING, in one listing."""
        ...

    def inspect(self, namespace: str, job_id: str) -> Job:
        """One job.

        Raises:
            HubRefusal: 404, the Hub does not know it.
        """
        ...

    def log_tail(self, namespace: str, job_id: str, lines: int) -> Sequence[str]:
        """The last lines printed so far. Does not wait for more; says nothing about the job's stage."""
        ...

    def cancel(self, namespace: str, job_id: str) -> None:
        """Ask the Hub to stop it. Stopping a finished job is no error."""
        ...


class Chat(Protocol):
    """What people see. Level-triggered: `show` may be called any number of times."""

    def show(self, run: Run) -> bool:
        """Make the run's thread say what `run` says: post what is missing, update what changed.

        Returns False when something could not be delivered now (Slack is down or slow): call again later.
        """
        ...
