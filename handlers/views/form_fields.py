"""The fields of the form: what they are called, where they stand, what is offered in each.

Knows no run and builds no blocks. A field's name is its block_id; what it fills is in form_values.py.
"""

from enum import StrEnum

from bot.intake.hardware import FAMILIES, FLAVORS
from bot.models import Method, Value


class Kind(StrEnum):
    """What one meets in the field."""

    #: A name on the Hub, looked up while it is typed.
    NAME = "name"
    CHOICE = "choice"
    TEXT = "text"


class Field(Value):
    """One field. Its value is a string everywhere; "": it is left to Tunesmith."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    hint: str = ""
    #: Shown in an empty text field.
    example: str = ""
    #: Of a choice: value -> what is read; the first one, "", leaves it open.
    choices: dict[str, str] = {}
    required: bool = False
    #: It stands in the part that opens on demand.
    advanced: bool = False


_METHODS = {
    "": "Automatic: what the dataset is made for",
    Method.SFT: "SFT: learn from example answers",
    Method.DPO: "DPO: learn which of two answers is better",
    Method.GRPO: "GRPO: try answers, learn from their scores",
    Method.KTO: "KTO: learn from a thumb up or down for each answer",
    Method.REWARD: "Reward: train a model that scores answers",
}
LORA, QLORA, FULL = "lora", "qlora", "full"
PRIVATE, PUBLIC = "private", "public"
_TUNINGS = {
    "": "Automatic: what fits best",
    LORA: "LoRA: a small adapter, cheap",
    QLORA: "QLoRA: an adapter on a 4-bit model, needs least memory",
    FULL: "All weights (full fine-tuning): needs most memory",
}
_HARDWARE = {"": "Automatic: the cheapest that fits well"}
_HARDWARE |= {name: f"{name}: the best size for the price" for name in FAMILIES if name not in FLAVORS}
_HARDWARE |= {name: name for name in FLAVORS}

FIELDS: tuple[Field, ...] = (
    Field(
        name="model",
        label="Model",
        kind=Kind.NAME,
        required=True,
        hint="Type a part of its name on the Hugging Face Hub.",
        example="Choose a model",
    ),
    Field(
        name="dataset",
        label="Dataset",
        kind=Kind.NAME,
        required=True,
        hint="What it learns from. Type a part of its name on the Hub.",
        example="Choose a dataset",
    ),
    Field(name="method", label="Method", kind=Kind.CHOICE, choices=_METHODS),
    Field(
        name="output_repo",
        label="Name of the new model",
        example="Automatic: made from the model and the dataset",
    ),
    Field(
        name="budget_usd",
        label="Most it may cost",
        hint="US dollars. The plan keeps below it, and the job is stopped before it costs more.",
        example="No limit of your own",
    ),
    Field(name="tuning", label="What is trained", kind=Kind.CHOICE, choices=_TUNINGS, advanced=True),
    Field(name="hardware", label="Hardware", kind=Kind.CHOICE, choices=_HARDWARE, advanced=True),
    Field(
        name="epochs",
        label="Epochs",
        advanced=True,
        hint="How often it sees all rows.",
        example="Automatic, or a number such as 2",
    ),
    Field(name="learning_rate", label="Learning rate", advanced=True, example="Automatic, or a number such as 2e-5"),
    Field(
        name="batch_size",
        label="Batch size per GPU",
        advanced=True,
        example="Automatic, or a whole number such as 4",
    ),
    Field(
        name="max_length",
        label="Longest row",
        advanced=True,
        hint="Tokens; what is longer is cut off.",
        example="Automatic, or a number such as 2048 or 2k",
    ),
    Field(name="max_samples", label="Rows at most", advanced=True, example="All rows, or a number such as 1000"),
    Field(
        name="lora_r",
        label="LoRA rank",
        advanced=True,
        hint="How large the adapter is; only for LoRA and QLoRA.",
        example="Automatic, or a number such as 16",
    ),
    Field(
        name="dataset_config",
        label="Configuration of the dataset",
        advanced=True,
        example="Automatic, or its name such as main",
    ),
    Field(name="split", label="Split of the dataset", advanced=True, example="Automatic, or its name such as train"),
    Field(
        name="private",
        label="Who can read the new model",
        kind=Kind.CHOICE,
        choices={"": "Only its owners", PUBLIC: "Everybody"},
        advanced=True,
    ),
    Field(
        name="max_hours",
        label="Longest time",
        advanced=True,
        hint="The job is stopped then at the latest.",
        example="Automatic, or a time such as 90m or 2h",
    ),
)
BY_NAME = {field.name: field for field in FIELDS}
#: Where the run lives, when the form was opened from nowhere in particular; its value is a channel's id.
CHANNEL = "channel"
#: Characters of a text field: the values that are not shown must fit into what a view carries.
LONGEST = 100
