"""The job on the Hub: what it is, how far it got, how it ended."""

from datetime import datetime
from enum import StrEnum

from bot.models.value import Value

#: How a script ends that stopped before its end with its checkpoint saved, and one that left the work to an older job
#: of the same run. Chosen to be no shell's and no signal's.
STOPPED_EXIT, FENCED_EXIT = 75, 76
#: What a script and its plan assume of the end alike: bytes a second of saving and pushing until it is measured (a
#: guess; the plan and the script count on half of it), and seconds before the time limit at which all should be done.
PUSH_BYTES_S, ENDING_S = 100_000_000, 60


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
    #: The job that somebody ran again on the Hub's own page; "": it is no such copy.
    rerun_of: str = ""


class Log(Value):
    """What was read of a job's log."""

    lines: tuple[str, ...]
    #: Lines before these were left out: no more than so many were asked for.
    starts_late: bool = False
    #: The time was up before all of it had come: lines behind these are missing.
    ends_early: bool = False


class Usage(Value):
    """One measurement of a job's GPUs."""

    #: Mean over the GPUs, 0 to 100.
    busy_percent: float
    #: Of the fullest GPU, in GiB.
    used_gib: float
    total_gib: float


class Point(Value):
    """One logged value of the curve."""

    step: int
    value: float


class Sample(Value):
    """One prompt and what the model answered, untrained and trained; possibly shortened."""

    prompt: str
    base: str
    tuned: str


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
    #: The commit of the output repository that holds that checkpoint; None: the log did not say.
    saved_commit: str | None = None
    #: The script has seen the trained model on the Hub, whatever comes after.
    pushed: bool = False
    #: True once the script printed its summary.
    ended: bool = False
    #: Why it stopped before its end, with its checkpoint saved: "deadline" or "signal"; "": it did not.
    stopped: str = ""
    #: The older job of the same run that it left the work to; "": it did not.
    fenced_by: str = ""
    #: The evaluation on held-back rows before and after training, by TRL's names (eval_loss, eval_reward, ...).
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    samples: tuple[Sample, ...] = ()
    #: Peak memory so far, in GiB: "gpu_allocated" and "gpu_reserved" of one GPU, or "host".
    memory_gib: dict[str, float] = {}
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


class Remedy(Value):
    """One way to mend a run that failed: a difference to its plan that one click asks for."""

    #: Names it in a button: "batch", "checkpointing", "lora", "qlora", "flavor", "rate", "time", "resume" or "retry".
    key: str
    #: What the button says, plain text: "Batch 2, accumulation 8".
    label: str
    #: Changes of the request, by TrainingRequest's names; empty: the same again.
    changes: dict[str, str | int | float | bool] = {}
    #: What the run would cost with it, about; None: not known before it is planned.
    cost_usd: float | None = None


class Diagnosis(Value):
    """Why a run failed and what to do about it."""

    #: A class of the failure table, such as "cuda_oom"; "unknown" is honest.
    kind: str
    #: Plain text sentences.
    cause: str
    fix: str
    #: The last telling lines of the log, without tokens and installer noise.
    tail: tuple[str, ...] = ()
    #: What one click can do about it, the mildest first.
    remedies: tuple[Remedy, ...] = ()


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
    #: The evaluation on held-back rows before and after training, by TRL's names; empty: none were held back.
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    samples: tuple[Sample, ...] = ()
    #: Peak memory in GiB: "gpu_allocated" and "gpu_reserved" of one GPU, or "host".
    memory_gib: dict[str, float] = {}
    #: Mean while it trained; None: the script did not say.
    tokens_per_second: float | None = None
