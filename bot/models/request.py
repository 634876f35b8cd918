"""What was asked: the request, before any fact is known."""

from enum import StrEnum

from pydantic import Field

from bot.models.value import Value


class Method(StrEnum):
    """How to train; the value is TRL's own name of the trainer, in small letters."""

    SFT = "sft"
    DPO = "dpo"
    GRPO = "grpo"
    KTO = "kto"
    REWARD = "reward"

    @property
    def told(self) -> str:
        """What people read in a sentence: "SFT", "a reward model"."""
        return "a reward model" if self is Method.REWARD else self.value.upper()


#: Fields of TrainingRequest that tell how it was asked for, and nothing of what.
HOW_SAID = frozenset({"text", "read_by", "unread"})


class TrainingRequest(Value):
    """What somebody asked for. None everywhere means: not said. Names follow TRL where TRL has one."""

    #: The words as typed, after Slack's own mangling was undone. Shown, never executed.
    text: str = ""
    #: A Hub id ("Qwen/Qwen3-0.6B") or, before it is resolved, the words that were typed ("llama 3.2 1b").
    model: str | None = None
    dataset: str | None = None
    dataset_config: str | None = None
    #: A split's name; slices are not allowed here (see max_samples, sample_fraction).
    split: str | None = None
    eval_split: str | None = None
    method: Method | None = None
    #: "name" or "namespace/name".
    output_repo: str | None = None
    private: bool | None = None
    #: A flavor ("a10g-large") or a family ("a10g").
    hardware: str | None = None
    lora: bool | None = None
    lora_r: int | None = Field(None, ge=1, le=1024)
    lora_alpha: int | None = Field(None, ge=1, le=4096)
    lora_dropout: float | None = Field(None, ge=0, lt=1)
    load_in_4bit: bool | None = None
    epochs: float | None = Field(None, gt=0, le=1000)
    max_steps: int | None = Field(None, ge=1, le=10_000_000)
    learning_rate: float | None = Field(None, gt=0, le=1)
    #: per_device_train_batch_size
    batch_size: int | None = Field(None, ge=1, le=4096)
    #: gradient_accumulation_steps
    grad_accum: int | None = Field(None, ge=1, le=4096)
    #: Tokens.
    max_length: int | None = Field(None, ge=8, le=1_048_576)
    max_samples: int | None = Field(None, ge=1)
    sample_fraction: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, le=2**32 - 1)
    budget_usd: float | None = Field(None, gt=0, le=1_000_000)
    max_hours: float | None = Field(None, gt=0, le=720)
    beta: float | None = Field(None, ge=0, le=100)
    num_generations: int | None = Field(None, ge=2, le=256)
    warmup_ratio: float | None = Field(None, ge=0, lt=1)
    weight_decay: float | None = Field(None, ge=0, le=10)
    lr_scheduler: str | None = None
    optimizer: str | None = None
    packing: bool | None = None
    gradient_checkpointing: bool | None = None
    save_steps: int | None = Field(None, ge=1)
    eval_steps: int | None = Field(None, ge=1)
    eval_fraction: float | None = Field(None, gt=0, lt=1)
    #: Whether plain prompts and answers become turns; messages always are.
    chat_template: bool | None = None
    temperature: float | None = Field(None, gt=0, le=10)
    reward: str | None = None
    report_to: str | None = None
    #: The language model that helped to read the words; None: none did.
    read_by: str | None = None
    #: Flags and assignments of the words that nobody knows, as typed ("--foo 3"). None: there are none.
    unread: tuple[str, ...] | None = None
    #: True: only the plan is wanted, and nobody can approve it.
    plan_only: bool | None = None
