"""What can be said, told from the grammar's own table.

Knows no Slack: the views decide how a title and its lines look.
"""

import difflib

from bot.intake.grammar import TABLE, Kind
from bot.models import Value


class HelpText(Value):
    """A title and lines of plain text."""

    title: str
    lines: tuple[str, ...]


#: What a person can ask for besides training: word -> (how to say it, what happens).
COMMANDS: dict[str, tuple[str, str]] = {
    "request": (
        "/finetune Qwen/Qwen3-0.6B on trl-lib/Capybara, 2 epochs, under $5",
        "a plan with its price; nothing is spent before somebody approves it",
    ),
    "change": ("use lora, lr 1e-4", "in the plan's thread: a new plan, and the old buttons stop working"),
    "approve": ("approve", "in the plan's thread, or the button: the training starts"),
    "reject": ("reject: too expensive", "in the plan's thread, or the button: nothing is run"),
    "status": ("/finetune status", "how far the runs are; in a thread: this run"),
    "logs": ("logs", "the last lines that the job printed"),
    "cancel": ("/finetune cancel 7QK2M9XA", "stops a run; in its thread: cancel"),
    "explain": ("why did it fail?", "the cause and what to do about it"),
    "retry": ("retry with half the batch", "in the thread of a failed run: the same again, with changes"),
    "cost": ("how much would Qwen/Qwen3-0.6B on trl-lib/Capybara cost?", "a price, without a run"),
    "help": ("/finetune help hardware", "this page, or one topic of it"),
}
TOPICS: dict[str, str] = {
    "model": "The model",
    "dataset": "The dataset",
    "method": "The method",
    "output": "The result",
    "hardware": "Hardware and money",
    "lora": "LoRA",
    "training": "The training",
}
_ALSO = {
    "stop": "cancel",
    "abort": "cancel",
    "kill": "cancel",
    "log": "logs",
    "price": "cost",
    "why": "explain",
    "rerun": "retry",
    "runs": "status",
    "list": "status",
    "progress": "status",
    "plan": "request",
    "train": "request",
    "new": "request",
    "run": "request",
    "edit": "change",
    "revise": "change",
    "gpu": "hardware",
    "gpus": "hardware",
    "flavors": "hardware",
    "flavor": "hardware",
    "budget": "hardware",
    "money": "hardware",
    "data": "dataset",
    "datasets": "dataset",
    "models": "model",
    "methods": "method",
    "qlora": "lora",
    "peft": "lora",
    "output_repo": "output",
    "parameters": "training",
    "hyperparameters": "training",
    "options": "training",
    "sft": "method",
    "dpo": "method",
    "grpo": "method",
}


def topic_of(word: str) -> str | None:
    """Find the command or topic that a word means, without guessing."""
    word = word.lower().strip(" ?!.:`'\"").replace("-", "_")
    if word in COMMANDS or word in TOPICS:
        return word
    if word in _ALSO:
        return _ALSO[word]
    return next((row.topic for row in TABLE if row.topic and word in row.keys), None)


def nearest(word: str) -> str | None:
    """Find the command or topic that an unknown word resembles."""
    close = difflib.get_close_matches(word.lower(), [*COMMANDS, *TOPICS, *_ALSO], n=1, cutoff=0.7)
    return topic_of(close[0]) if close else None


def help_text(topic: str | None = None) -> HelpText:
    """Tell everything in short, or one topic in full; an unknown topic tells everything."""
    known = topic_of(topic) if topic else None
    if known in TOPICS:
        return HelpText(title=TOPICS[known], lines=tuple(_fields(known)))
    if known in COMMANDS:
        say, effect = COMMANDS[known]
        lines = [f"{say}  -  {effect}"]
        if known in {"request", "change", "retry"}:
            lines.append("What can be named: " + ", ".join(row.keys[0] for row in TABLE if row.topic) + ".")
            lines.append("Write it as a sentence, as key=value, or as --key value; the three can be mixed.")
        return HelpText(title=known.capitalize(), lines=tuple(lines))
    return HelpText(
        title="Fine-tune language models on Hugging Face Jobs",
        lines=(
            *(f"{say}  -  {effect}" for say, effect in COMMANDS.values()),
            "More on: " + ", ".join(f"/finetune help {name}" for name in TOPICS),
        ),
    )


def _fields(topic: str) -> list[str]:
    return [f"{row.example}  -  {row.says}{_aliases(row.keys[1:4], row.kind)}" for row in TABLE if row.topic == topic]


def _aliases(keys: tuple[str, ...], kind: Kind) -> str:
    plain = [key for key in keys if key.isascii()]
    unit = f" ({kind})" if kind in {Kind.MONEY, Kind.HOURS, Kind.TOKENS} else ""
    return unit + (f"; also {', '.join(plain)}" if plain else "")
