"""The job on the Hub: what it is, how far it got, how it ended."""

from datetime import datetime
from enum import StrEnum

from bot.models.value import Value


class JobStage(StrEnum):
    """The Hub's words (huggingface_hub `JobStage`); there is no FAILED."""

    SCHEDULING = "SCHEDULING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    ERROR = "ERROR"
    DELETED = "DELETED"
    #: A word that this version does not know: the run stays as it is.
    UNKNOWN = "UNKNOWN"


class Job(Value):
    """A job as the Hub describes it."""

    id: str
    namespace: str
    url: str
    stage: JobStage
    #: The Hub's own words, such as "Job timeout"; "" when it says nothing.
    message: str = ""
    flavor: str = ""
    labels: dict[str, str] = {}
    created_at: datetime
    #: None: not started, or not finished.
    started_at: datetime | None = None
    finished_at: datetime | None = None
    #: Billed seconds as far as the Hub says; None: it does not say.
    running_s: float | None = None


class Point(Value):
    """One logged value of the curve."""

    step: int
    value: float


class Progress(Value):
    """Where the training is, as the script reported it."""

    step: int = 0
    #: None: the trainer has not said yet.
    max_steps: int | None = None
    epoch: float = 0.0
    #: What `points` hold: "loss", or "reward" for GRPO.
    metric: str = "loss"
    #: The curve, thinned to at most 60 points; first and last are always kept.
    points: tuple[Point, ...] = ()
    #: Other numbers of the last log line, by TRL's names (rewards/margins, mean_token_accuracy, ...).
    metrics: dict[str, float] = {}
    #: Mean over the steps so far; None: fewer than two log lines.
    seconds_per_step: float | None = None
    tokens_per_second: float | None = None
    #: Steps whose checkpoint was pushed to the Hub.
    saved_step: int | None = None
    #: True once the script printed its summary.
    ended: bool = False
    #: Sentences for people: NaN, zero reward spread, ...
    warnings: tuple[str, ...] = ()

    @property
    def first(self) -> float | None:
        return self.points[0].value if self.points else None

    @property
    def last(self) -> float | None:
        return self.points[-1].value if self.points else None

    @property
    def eta_s(self) -> float | None:
        """Seconds until the last step at the pace so far; None while unknown."""
        if self.max_steps is None or self.seconds_per_step is None:
            return None
        return max(0.0, (self.max_steps - self.step) * self.seconds_per_step)


class Diagnosis(Value):
    """Why a run failed and what to do about it."""

    #: A class of the failure table, such as "cuda_oom"; "unknown" is honest.
    kind: str
    #: Plain text sentences.
    cause: str
    fix: str
    #: The last telling lines of the log, without tokens and installer noise.
    tail: tuple[str, ...] = ()


class Landed(Value):
    """What was found in the output repository after the job completed."""

    url: str
    #: The newest commit.
    sha: str
    committed_at: datetime
    #: Path -> bytes.
    files: dict[str, int]
    #: From adapter_config.json; None: not an adapter.
    adapter_base: str | None = None


class Report(Value):
    """How a run ended well: what is on the Hub, what it cost, what to do next."""

    landed: Landed
    running_s: float
    cost_usd: float
    #: Final numbers by TRL's names.
    metrics: dict[str, float] = {}
