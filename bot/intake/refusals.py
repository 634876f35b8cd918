"""What cannot be done as typed: each refusal says the problem in the person's own words and a way out.

Size is no reason here: what fits is decided by planning, from the Hub's figures.
"""

from collections.abc import Sequence

from bot.intake import grammar, hardware
from bot.intake.commands import Refusal
from bot.intake.grammar import Keyword, Kind

_SHOWN = 80


def shorten(words: str) -> str:
    """Cut a person's words to what fits in a sentence, without control characters."""
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"


def invalid_name(words: str, role: str = "name") -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem=f'"{shorten(words)}" cannot be the name of a {role} on the Hub.',
        fix="Write it as namespace/name, such as Qwen/Qwen3-0.6B: letters, digits, - _ and . only, at most 96 "
        "characters.",
    )


def lookalike(words: str) -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem=f'"{shorten(words)}" has characters that only look like letters of a name on the Hub.',
        fix="Type the name by hand in plain letters, or paste its address on huggingface.co.",
    )


def turned_text() -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem="The message has invisible characters that turn the reading direction round.",
        fix="Type the names by hand, without copying them.",
    )


def local_path(words: str) -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem=f'"{shorten(words)}" is a file or folder of a computer, which a job on the Hub cannot read.',
        fix="Upload it to the Hub as a dataset or a model (private is fine) and name it as namespace/name.",
    )


def foreign_address(words: str) -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem=f'"{shorten(words)}" is not on the Hugging Face Hub.',
        fix="Name a model or dataset of the Hub: namespace/name, or its address on huggingface.co.",
    )


def hostile(words: str) -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem=f'I do not read commands or code inside a request: "{shorten(words)}".',
        fix="Name the model and the dataset as they are called on the Hub, and leave the rest out.",
    )


def unreadable(row: Keyword, words: str) -> Refusal:
    what = f'"{shorten(words)}"' if words.strip() else "nothing"
    return Refusal(
        reason="invalid_value",
        problem=f"I cannot read {what} as the value of {row.label}.",
        fix=f"Write {_form(row)}, such as {row.example}.",
    )


def impossible(row: Keyword, words: str) -> Refusal:
    return Refusal(
        reason="invalid_value",
        problem=f'"{shorten(words)}" is not a possible value of {row.label}.',
        fix=f"It is {_form(row)} {grammar.bounds(row.field)}, such as {row.example}.".replace("  ", " "),
    )


def _form(row: Keyword) -> str:
    if row.kind is Kind.FLAG:
        return "yes or no"
    if row.kind is Kind.MONEY:
        return "an amount in US dollars"
    if row.kind in {Kind.MODEL, Kind.DATASET, Kind.OUTPUT}:
        return "a name on the Hub"
    if row.kind is Kind.METHOD:
        return "sft, dpo or grpo"
    if row.kind is Kind.HARDWARE:
        return "a flavor"
    if row.kind in {Kind.HOURS, Kind.TIMEOUT}:
        return "a time such as 90m or 2h (a bare number counts hours),"
    return "a whole number" if row.kind in {Kind.INTEGER, Kind.TOKENS} else "a number"


#: What is done instead of a method that is not, by the data that the method takes.
_INSTEAD = (
    (
        "kto kahneman reward",
        "Leave the method out: where the data is made for it (a thumb up or down for each answer, or pairs without a "
        "prompt of their own), I plan it by myself.",
    ),
    (
        "ppo rlhf rlaif rloo reinforce gspo dapo online nash xpo",
        "Use grpo: it learns from rewards too, without a model of values.",
    ),
    ("orpo cpo simpo ipo bco odds", "Use dpo: it learns from the same pairs of chosen and rejected answers."),
    ("distil gkd knowledge", "Let the large model write the answers into a dataset, and use sft on it."),
    ("prompt prefix ia3 soft galore", "Use lora: it trains a small part of the weights too."),
)


def unknown_method(words: str) -> Refusal:
    instead = next(
        (way for names, way in _INSTEAD if any(words.lower().startswith(name) for name in names.split())), ""
    )
    return Refusal(
        reason="unsupported_method",
        problem=f"I cannot train with {shorten(words)}.",
        fix=instead or "Use sft (examples), dpo (preferences) or grpo (rewards).",
    )


def unknown_hardware(words: str) -> Refusal:
    near = ", ".join(hardware.nearest(words))
    return Refusal(
        reason="unknown_hardware",
        problem=f'"{shorten(words)}" is not hardware that Hugging Face Jobs rents.',
        fix=f"Did you mean {near}? Leave it out and I choose what fits for the least money.",
    )


def several_models(names: Sequence[str]) -> Refusal:
    return Refusal(
        reason="multiple_models",
        problem=f"You named several models: {_listed(names)}. One run trains one.",
        fix="Ask for one of them; a second request makes a second run.",
    )


def several_datasets(names: Sequence[str]) -> Refusal:
    return Refusal(
        reason="multiple_datasets",
        problem=f"You named several datasets: {_listed(names)}. One run reads one.",
        fix="Ask for one of them, or merge them into one dataset on the Hub first.",
    )


def several_stages(words: Sequence[str]) -> Refusal:
    return Refusal(
        reason="multi_stage",
        problem=f"You asked for several stages: {_listed([word.upper() for word in words])}. One run is one stage.",
        fix=f"Ask for {words[0].upper()} first; when it is done, ask for the next stage on its result.",
    )


def conflict(label: str, values: Sequence[str]) -> Refusal:
    return Refusal(
        reason="conflicting_values",
        problem=f"You gave several values for {label}: {_listed(values)}.",
        fix="Say which one you want.",
    )


def other_modality(words: str) -> Refusal:
    return Refusal(
        reason="unsupported_modality",
        problem=f'"{shorten(words)}" is about pictures, sound or video.',
        fix="I fine-tune language models on text: name a text model and a text dataset.",
    )


def other_task(words: str) -> Refusal:
    return Refusal(
        reason="unsupported_task",
        problem=f"I cannot do this: {shorten(words)}.",
        fix="I fine-tune language models that write text, with sft, dpo or grpo.",
    )


def no_base(label: str, words: str) -> Refusal:
    return Refusal(
        reason="invalid_value",
        problem=f'"{shorten(words)}" changes {label}, and the plan names no {label} yet.',
        fix=f"Say the value that you want for {label}.",
    )


def too_long(length: int, longest: int) -> Refusal:
    return Refusal(
        reason="invalid_name",
        problem=f"This message has {length:,} characters; I read requests of up to about {longest:,}.",
        fix="Say it in a sentence: the model, the dataset and what you want changed.",
    )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(shorten(word) for word in words)
