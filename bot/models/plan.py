"""What would be done, exactly, and what it would take."""

import hashlib
import math
from enum import StrEnum
from typing import Literal

from bot.models.facts import DatasetInfo, Flavor, ModelInfo
from bot.models.mapping import ColumnMapping
from bot.models.request import Method, TrainingRequest
from bot.models.value import Value


class Tuning(StrEnum):
    """Which weights are trained."""

    FULL = "full"
    LORA = "lora"
    QLORA = "qlora"

    @property
    def told(self) -> str:
        """What people read, everywhere."""
        return {"full": "all weights", "lora": "LoRA", "qlora": "QLoRA (4-bit)"}[self.value]


#: Optimizers of bitsandbytes, by transformers' names -> the bits of a number of their state.
BITSANDBYTES_OPTIMIZERS = {
    "adamw_8bit": 8, "adamw_bnb_8bit": 8, "paged_adamw_8bit": 8, "paged_adamw_32bit": 32, "lion_8bit": 8,
}  # fmt: skip


class TrainingArguments(Value):
    """What the script hands to TRL, in TRL's own names. Everything that the card shows is here."""

    num_train_epochs: float
    #: -1: as many as the epochs need.
    max_steps: int
    per_device_train_batch_size: int
    gradient_accumulation_steps: int
    learning_rate: float
    lr_scheduler_type: str
    warmup_ratio: float
    weight_decay: float
    optim: str
    #: Tokens; for GRPO the longest completion.
    max_length: int
    packing: bool
    activation_checkpointing: bool
    logging_steps: int
    save_steps: int
    seed: int
    #: DPO and GRPO only.
    beta: float | None = None
    #: GRPO only.
    num_generations: int | None = None
    #: LoRA and QLoRA only.
    lora_r: int | None = None
    lora_alpha: int | None = None
    lora_dropout: float | None = None

    @property
    def needs_bitsandbytes(self) -> bool:
        """Whether the optimizer is one of that package."""
        return self.optim in BITSANDBYTES_OPTIMIZERS

    @property
    def eval_generations(self) -> int:
        """GRPO: answers to a held-back question; a group where one micro-batch, whose memory is counted, holds it."""
        return math.gcd(self.num_generations or 1, self.per_device_train_batch_size)


class TokenSample(Value):
    """What the tokenizer of the model made of the sample rows. Lengths in tokens of one training sequence."""

    #: Rows that were tokenized.
    rows: int
    mean: float
    median: int
    p95: int
    longest: int
    #: Shares of rows that are longer than `max_length`, and of all tokens that are cut off there; 0 to 1.
    rows_cut: float
    tokens_cut: float
    #: False: no tokenizer was at hand, lengths are guessed from characters.
    counted: bool = True


class Resume(Value):
    """Where a run goes on that stopped before its end."""

    #: The run that left the checkpoint.
    run_id: str
    #: The commit of the output repository that holds it.
    commit: str
    #: Optimizer steps that are done.
    step: int


class Estimate(Value):
    """What a flavor would need for the plan. A prediction, with its spread."""

    #: Tokens that are trained on in all epochs together.
    tokens: int
    #: Optimizer steps.
    steps: int
    #: Peak on one GPU, in GiB, and what is usable there (host memory when the flavor has no GPU).
    memory_gib: float
    usable_gib: float
    #: Wall hours including start-up.
    hours: float
    hours_low: float
    hours_high: float
    cost_usd: float
    cost_low_usd: float
    cost_high_usd: float
    #: Minutes of `hours` in which nothing is trained: the machine starts, packages and weights arrive.
    startup_min: float = 6.0
    #: What `memory_gib` is made of, in GiB: "weights", "gradients", "optimizer", "activations", "loss", "context", ...
    parts_gib: dict[str, float] = {}
    #: Tokens a second of all GPUs together while it trains; 0: not estimated.
    tokens_per_s: float = 0.0
    #: Finished runs of the same family, method and flavor that the numbers were corrected by; 0: a pure prediction.
    learned_from: int = 0
    #: What those runs multiplied the counted predictions by: "speed", "memory"; empty: nothing was learned.
    corrections: dict[str, float] = {}


class Option(Value):
    """Another way to run the same plan, or why it cannot."""

    flavor: str
    tuning: Tuning
    #: None: does not fit or breaks a limit; `reason` says which.
    estimate: Estimate | None
    #: "cheapest", "fastest", "balanced", or why it was dropped.
    reason: str
    #: Tokens of a row, where choosing it also changes those (and packs the rows of SFT); None: as in the plan.
    max_length: int | None = None
    #: Rows at most, where choosing it also changes those; None: as in the plan.
    max_samples: int | None = None
    #: What it can cost at most; 0: it cannot be done.
    ceiling_usd: float = 0.0

    @property
    def is_same_work(self) -> bool:
        """Only the hardware or what is trained differs: the same rows are learned from as in the plan."""
        return self.max_length is None and self.max_samples is None

    @property
    def told_work(self) -> str:
        """What else choosing it changes: "16,384 tokens a row, 3,300 rows"; "" when nothing."""
        length = f"{self.max_length:,} tokens a row" if self.max_length else ""
        rows = f"{self.max_samples:,} rows" if self.max_samples else ""
        return ", ".join(part for part in (length, rows) if part)


class Fit(Value):
    """Hardware that the same plan fits on, in short."""

    flavor: str
    #: None: no GPU.
    gpu: str | None
    gpus: int
    #: Memory of one GPU, or of the host where there is none.
    memory_gb: float
    price_usd_hour: float
    hours: float
    cost_usd: float


class Check(Value):
    """One line of the plan's check list."""

    #: "stop": nobody can approve the plan as long as this holds.
    level: Literal["ok", "warning", "info", "stop"]
    #: A full sentence, plain text.
    text: str


class Plan(Value):
    """What would be done, exactly. An approval names its digest."""

    request: TrainingRequest
    model: ModelInfo
    dataset: DatasetInfo
    split: str
    #: Rows that will be trained on; None: unknown to the viewer.
    rows: int | None
    method: Method
    mapping: ColumnMapping
    tuning: Tuning
    #: "bf16", "fp16" or "fp32": what the trainer computes in.
    precision: Literal["bf16", "fp16", "fp32"]
    #: `dtype` that the weights are loaded in.
    dtype: Literal["bfloat16", "float16", "float32"]
    flavor: Flavor
    #: The wallet: a user or organization of the Hub.
    namespace: str
    #: "namespace/name"
    output_repo: str
    private: bool
    #: Somebody named an output that exists: its files get a new version, so another person must approve.
    overwrites: bool = False
    arguments: TrainingArguments
    estimate: Estimate
    #: Processes that `accelerate launch` starts, one a GPU; 1: plain Python.
    processes: int = 1
    #: How the model is spread over several GPUs: "ddp" copies it to each, "fsdp" shares it out.
    sharding: Literal["none", "ddp", "fsdp"] = "none"
    #: Rows held back from training, which are evaluated before and after it; 0: too few rows to spare any.
    eval_rows: int = 0
    #: GRPO: names of the script's reward functions, in the order that they are given to TRL.
    rewards: tuple[str, ...] = ()
    #: Lengths of the sample rows under the tokenizer; None: no rows to look at.
    tokens: TokenSample | None = None
    #: One sample row as the trainer will see it, rendered with the chat template; "" when there is none.
    example: str = ""
    #: None: a run from the start.
    resume: Resume | None = None
    #: Given to the job; the Hub stops it then. Seconds.
    timeout_s: int
    #: price x timeout: what it can cost at most.
    ceiling_usd: float
    checks: tuple[Check, ...] = ()
    #: Fields of the request that nobody named and the planner chose, with the reason ("T4 has no bf16").
    defaulted: dict[str, str] = {}
    options: tuple[Option, ...] = ()
    #: All hardware that can do it with the same weights trained, cheapest first.
    fitting: tuple[Fit, ...] = ()
    #: Hardware that was looked at and cannot do it, with the reasons.
    dropped: tuple[Option, ...] = ()
    #: Who has to approve it, as one plain sentence; "" until the policy was asked.
    approval_rule: str = ""
    #: Slack user ids who may approve it beside what the rule says.
    approvers: tuple[str, ...] = ()
    #: SHA-256 of the rendered script; "" until it is rendered.
    script_sha256: str = ""

    @property
    def digest(self) -> str:
        """Name this exact plan: 16 hexadecimal digits of the SHA-256 of its canonical JSON."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]
