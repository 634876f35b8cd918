"""The seams: what the use cases need from the outside world.

Few: the Hub, its jobs, the chat, the clock, and a language model where one is switched on. The database is none of them
(tests use a real one). Each has a real client and a small stateful fake (tests/fakes.py) or a local server. Every
method may raise `UserError` (usually `HubRefusal`) for a definite refusal and `Transient` for everything that a later
try may mend.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.models import (
    Counted,
    DatasetInfo,
    Flavor,
    Job,
    Landed,
    Method,
    ModelInfo,
    Passage,
    Plan,
    Run,
    TokenRights,
    Usage,
)

#: Aware, UTC.
Clock = Callable[[], datetime]


class Hub(Protocol):
    """Read-only facts. Safe to call from several threads."""

    def model(self, repo_id: str) -> ModelInfo:
        """Look a base model up.

        Raises:
            Unclear: an adapter, a conversion or a quantized copy of another model, which is offered.
            UserError: unknown, gated for our token, no safetensors weights, needs remote code.
        """
        ...

    def count(
        self, model: ModelInfo, passages: Sequence[Passage], *, template: str | None, show: int
    ) -> Counted | None:
        """Count the tokens of passages with the tokenizer of a model that `model` looked up.

        `template` writes messages; the first `show` passages come back as they were written. None: the model has no
        tokenizer that can be read. What a template refuses is an answer, not an error.
        """
        ...

    def dataset(self, repo_id: str, config: str | None, split: str | None, method: Method | None = None) -> DatasetInfo:
        """Look a dataset up. `config` None: the only one, or "default"; `method` tells its training splits apart.

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

    def rights(self) -> TokenRights:
        """What the token may do, and the wallets that may pay. Cached: whoami is rate limited."""
        ...

    def check_write(self, repo_id: str) -> None:
        """Ask whether the token may write into a model repository that exists.

        Raises:
            HubRefusal: it may not.
        """
        ...

    def existing(self, repo_id: str) -> Mapping[str, bool | None]:
        """The model repositories of one owner whose names contain this name -> whether only its owners can read it.

        None: the Hub does not say who can.
        """
        ...

    def repo_exists(self, repo_id: str) -> bool:
        """Whether a model repository of this name exists already."""
        ...

    def landed(self, repo_id: str) -> Landed | None:
        """What the model repository holds now; None: no such repository."""
        ...

    def newer_commits(self, repo_id: str, commit: str) -> Sequence[str]:
        """Titles of the commits of a model repository since this one, the newest first; all of them if it is gone."""
        ...

    def checkpoint_step(self, repo_id: str, commit: str) -> int | None:
        """The optimizer step of the checkpoint that a commit of a model repository holds; None: it holds none."""
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

    def usage(self, namespace: str, job_id: str) -> Usage | None:
        """How busy its GPUs are at this moment; None: it has none, or the Hub does not measure it now."""
        ...

    def cancel(self, namespace: str, job_id: str) -> None:
        """Ask the Hub to stop it. Stopping a finished job is no error."""
        ...


class LanguageModel(Protocol):
    """Reads what the reader of messages cannot. Optional: an installation may have none. Safe to call from threads."""

    #: The model's name on the Hub, which cards show.
    name: str

    def complete(self, instructions: str, message: str, schema: dict[str, Any]) -> str:
        """Ask once, for JSON by this schema; returns what the model wrote, unread.

        Raises:
            Transient: no answer within the time limit.
        """
        ...


class Chat(Protocol):
    """What people see. Level-triggered: `show` may be called any number of times."""

    def show(self, run: Run) -> bool:
        """Make the run's thread say what `run` says: post what is missing, update what changed.

        Returns False when something could not be delivered now (Slack is down or slow): call again later.
        """
        ...
