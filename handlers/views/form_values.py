"""What stands in the form's fields, as a request and back; and what is wrong with it, field by field.

Pure. The numbers are read by the grammar of typed requests, so "2k", "$5" and "90m" mean the same in both.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.intake import grammar, hub_names, refusals
from bot.intake.commands import Refusal
from bot.intake.grammar import Kind
from bot.intake.tagging import NAME, tag
from bot.models import Method, Plan, TrainingRequest
from bot.models.request import HOW_SAID
from handlers.views import text
from handlers.views.fields import settled
from handlers.views.form_fields import BY_NAME, FIELDS, FULL, LONGEST, LORA, PUBLIC, QLORA, Field

#: Field of the form -> value.
Values = dict[str, str]
#: Of a dataset: names without blanks.
_PLAIN_NAME = re.compile(r"\w[\w.-]*")
_FORMS = {
    Kind.INTEGER: "a whole number",
    Kind.TOKENS: "a whole number",
    Kind.NUMBER: "a number",
    Kind.MONEY: "an amount in US dollars, such as 5",
    Kind.HOURS: "a time, such as 90m or 2h",
}
#: Characters of one message below a field.
_SAID = 300
#: What a request has beside the tuning, which a model whose weights are all trained has not.
_OF_ADAPTERS = ("lora_r", "lora_alpha", "lora_dropout")


def to_form(request: TrainingRequest) -> Values:
    """What the fields say of a request; "" where it says nothing."""
    found = {field.name: _written(getattr(request, field.name, None)) for field in FIELDS}
    found["tuning"] = _tuning(request)
    found["private"] = PUBLIC if request.private is False else ""
    return {name: value[:LONGEST] for name, value in found.items()}


def chosen(plan: Plan) -> Values:
    """What the plan settled, for each field: shown where the person left it open."""
    return to_form(settled(plan))


def beyond(request: TrainingRequest) -> dict[str, Any]:
    """What a request says that no field of the form holds, as JSON."""
    held = {"lora", "load_in_4bit", *HOW_SAID, *BY_NAME}
    return request.model_dump(mode="json", exclude=held, exclude_none=True)


def read_form(values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the fields: what they fill in a request (None where nothing stands), and what is wrong, by field."""
    changes: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in FIELDS:
        words = " ".join(values.get(field.name, "").split())
        read = _fill(field, words)
        if isinstance(read, str):
            errors[field.name] = text.plain(read, _SAID)
        else:
            changes |= read
    if "lora_r" not in errors and changes.get("lora_r") is not None and changes.get("lora") is False:
        errors["lora_r"] = "Only LoRA and QLoRA have a rank: empty this, or train an adapter."
    return changes, errors


def fields_of(name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `changes` that one field of the form fills."""
    if name != "tuning":
        return {name: changes[name]}
    fields = ("lora", "load_in_4bit", *(_OF_ADAPTERS if changes["lora"] is False else ()))
    return {field: changes.get(field) for field in fields}


def _fill(field: Field, words: str) -> dict[str, Any] | str:
    """What the words of one field fill in; a sentence where they cannot be read."""
    name = field.name
    match name:
        case "tuning":
            return {"lora": words != FULL if words else None, "load_in_4bit": _IN_4BIT.get(words)}
        case "private":
            return {"private": False if words == PUBLIC else None}
        case "method":
            return {"method": Method(words) if words else None}
    if not words:
        return f"Name a {name}." if field.required else {name: None}
    if name in ("model", "dataset"):
        found = read_name(name, words)
        return _sentence(found) if isinstance(found, Refusal) else {name: found}
    if name == "output_repo":
        return {name: words} if hub_names.is_valid_id(words) else _sentence(refusals.invalid_name(words, "model"))
    if name in ("dataset_config", "split"):
        return {name: words} if _PLAIN_NAME.fullmatch(words) else f"“{words}” is not one name, such as main or train."
    if name == "hardware":
        return {name: words}
    return _read_number(name, words)


#: LoRA says that its base is not in 4 bits: whoever chooses between the two in a form means the difference.
_IN_4BIT = {LORA: False, QLORA: True}


def _read_number(name: str, words: str) -> dict[str, Any] | str:
    row = grammar.BY_FIELD[name]
    value = grammar.read_value(row, words)
    if value is None:
        return f"I cannot read “{words}” here: write {_FORMS[row.kind]}."
    if not grammar.is_possible(name, value):
        whole = "a whole number, " if row.kind in (Kind.INTEGER, Kind.TOKENS) else ""
        return f"“{words}” is not possible here: it must be {whole}{grammar.bounds(name)}."
    return {name: value}


def read_name(field: str, words: str) -> str | Refusal:
    """The Hub id in what was typed or pasted, or the words to search for."""
    tagged = tag(words)
    entity = tagged.entity(tagged.text) if re.fullmatch(NAME, tagged.text) else None
    match entity.kind if entity else "":
        case "foreign":
            return refusals.foreign_address(words)
        case "path" | "script":
            return refusals.local_path(words)
        case "lookalike" if not words.isascii():
            return refusals.lookalike(words)
    name = entity.name if entity else words
    valid = hub_names.is_valid_id(name) if "/" in name else hub_names.is_valid_words(name)
    if not valid:
        return refusals.invalid_name(words, field)
    if field == "model" and hub_names.other_modality(name):
        return refusals.other_modality(words)
    return name


def _sentence(refusal: Refusal) -> str:
    return f"{refusal.problem} {refusal.fix}"


def _tuning(request: TrainingRequest) -> str:
    if request.lora is False:
        return FULL
    if request.load_in_4bit:
        return QLORA
    return LORA if request.lora else ""


def _written(value: Any) -> str:
    """A value as one would type it; reading it gives the same value."""
    match value:
        case None:
            return ""
        case Method():
            return value.value
        case bool():
            return ""
        case float() if value == int(value):
            return str(int(value))
        case float():
            return repr(value).replace("e-0", "e-")
        case _:
            return str(value)
