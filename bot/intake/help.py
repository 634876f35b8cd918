"""What can be said, told from the grammar's own table.

Knows no Slack: the views decide how a title and its lines look.
"""

import difflib
import re

from bot.intake.commands import Help
from bot.intake.glossary import term_of
from bot.intake.grammar import BY_FIELD, KEYS, TABLE, Keyword, Kind, fold
from bot.intake.words import word_set
from bot.models import Examples, Value


class Part(Value):
    """Lines of plain text that belong together."""

    #: "": a page of one part needs none.
    title: str = ""
    lines: tuple[str, ...]


class HelpText(Value):
    """A page: its title, what stands below it, and its parts. Plain text."""

    title: str
    intro: str = ""
    parts: tuple[Part, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for part in self.parts for line in part.lines)


_EXAMPLE = Examples().request
#: What a person can ask for besides training: word -> (how to say it, what happens).
COMMANDS: dict[str, tuple[str, str]] = {
    "request": (
        f"/finetune {_EXAMPLE}, 2 epochs, under $5",
        "a plan with its price; nothing is spent before somebody approves it",
    ),
    "plan": (
        f"/finetune plan {_EXAMPLE}",
        "only the plan and its price: nobody can approve it",
    ),
    "change": ("use lora, lr 1e-4", "in the plan's thread: a new plan, and the old buttons stop working"),
    "approve": ("approve", "in the plan's thread, or the button: the training starts"),
    "reject": ("reject: too expensive", "in the plan's thread, or the button: nothing is run"),
    "status": ("/finetune status", "how far the runs are; in a thread: this run"),
    "runs": ("/finetune runs failed mine", "finds runs: waiting, running, finished, succeeded, failed, canceled, mine"),
    "compare": ("/finetune compare 7qk2m9xa b9qwen4u", "what differs between runs: settings, curves, dollars"),
    "spend": ("/finetune spend", "what this month cost, and what is left of the budget"),
    "logs": ("logs", "the last lines that the job printed, and all of them as a file"),
    "cancel": ("/finetune cancel 7qk2m9xa", "stops a run; in its thread: cancel"),
    "explain": ("why did it fail?", "the cause and what to do about it"),
    "retry": ("retry with half the batch", "in the thread of a failed run: the same again, with changes"),
    "resume": ("resume", "in the thread of a run that stopped: goes on from its checkpoint"),
    "cost": (f"how much would {_EXAMPLE} cost?", "a price, without a run"),
    "settings": ("/finetune settings", "how much the threads of your runs say; a direct message at their end"),
    "quiet": ("@tunesmith quiet", "in a run's thread: fewer messages; or milestones, or all messages"),
    "question": ("is my data safe?", "in a run's thread: ask about its cost, time, data, quality, settings or words"),
    "help": ("/finetune help hardware", "one topic in full: here every GPU with its memory and price"),
}
#: The first page: each command once, beside those that are told by a line of their own.
_GROUPS: dict[str, tuple[str, ...]] = {
    "Ask for a run": ("request", "plan", "cost"),
    "Decide on its plan": ("change", "approve", "reject"),
    "Watch it": ("status", "logs", "cancel", "question", "explain", "retry", "resume"),
    "Look back": ("runs", "compare", "spend"),
    "Settings and help": ("settings", "quiet", "help"),
}
_FORM = "/finetune  -  alone: a form to fill in; nothing has to be known by heart"
_OWN_DATA = "/finetune help dataset  -  my own data: how to bring it to the Hub, where it can stay private"
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
    "continue": "resume",
    "list": "runs",
    "spending": "spend",
    "spent": "spend",
    "preferences": "settings",
    "notifications": "settings",
    "mute": "quiet",
    "milestones": "quiet",
    "messages": "quiet",
    "progress": "status",
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


#: Words around the one that help is wanted for.
_SMALL = word_set("me please pls with on about for the a an to how do i use using set of in and my this it what is")


def topic_of(word: str) -> str | None:
    """Find the command or topic that a word means, without guessing."""
    word = word.lower().strip(" ?!.:`'\"").replace("-", "_")
    if word in COMMANDS or word in TOPICS:
        return word
    if word in _ALSO:
        return _ALSO[word]
    row = _row_of(word)
    return row.topic if row else None


def _row_of(word: str) -> Keyword | None:
    row = KEYS.get(fold(word))
    return row if row and row.topic else None


def ask_for(field: str) -> str:
    """Ask for the value of a field, with an example and where to read more."""
    row = BY_FIELD[field]
    return f"What shall I set {row.label} to? Write it like {row.example}. /finetune help {row.topic} tells more."


def about(words: str) -> Help:
    """Answer "help", "help hardware", "help me with the lr": one topic or field, or the one that a word resembles."""
    asked = [word for word in re.findall(r"[^\W\d][\w-]*", words.lower()) if word not in _SMALL]
    if not asked:
        return Help()
    for word in asked:
        if topic := topic_of(word):
            return Help(topic=topic if word in {*COMMANDS, *TOPICS, *_ALSO} else word)
    if term := next(filter(None, map(term_of, (" ".join(asked), *asked))), None):
        return Help(topic=term.name)
    return Help(unknown=asked[0], near=nearest(asked[0]))


def nearest(word: str) -> str | None:
    """Find the command or topic that an unknown word resembles."""
    commands = [*COMMANDS, *TOPICS, *_ALSO]
    keys = [key for key in KEYS if key.isascii() and len(key) > 2]
    for known in (commands, keys):
        if close := difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.7):
            return topic_of(close[0]) if known is commands else close[0]
    return None


def help_text(topic: str | None = None) -> HelpText:
    """Tell everything in short, one topic in full, one field, or one word; an unknown topic tells everything."""
    known = topic_of(topic) if topic else None
    row = _row_of(topic) if topic and topic not in {*COMMANDS, *TOPICS, *_ALSO} else None
    if known and row:
        return _page(row.label, topic, [_field(row), f"More like it: /finetune help {known}"])
    if known in TOPICS:
        return _page(TOPICS[known], topic, _fields(known))
    if known in COMMANDS:
        say, effect = COMMANDS[known]
        lines = [f"{say}  -  {effect}"]
        if known in {"request", "change", "retry"}:
            lines.append("What can be named: " + ", ".join(row.keys[0] for row in TABLE if row.topic) + ".")
            lines.append("Write it as a sentence, as key=value, or as --key value; the three can be mixed.")
        return _page(known.capitalize(), topic, lines)
    if term := term_of(topic or ""):
        return HelpText(title=term.name, intro=term.meaning, parts=())
    parts: list[Part] = []
    for title, names in _GROUPS.items():
        said = [f"{say}  -  {effect}" for say, effect in map(COMMANDS.__getitem__, names)]
        own = names[0] == "request"
        parts.append(Part(title=title, lines=(_FORM, *said, _OWN_DATA) if own else tuple(said)))
    topics = f"/finetune help WORD  -  {', '.join(TOPICS)}, or any word of fine-tuning, such as epoch"
    parts[-1] = parts[-1].model_copy(update={"lines": (*parts[-1].lines, topics)})
    return HelpText(
        title="Fine-tune language models on Hugging Face Jobs", intro=_meaning("fine-tuning"), parts=tuple(parts)
    )


def _page(title: str, asked: str | None, lines: list[str]) -> HelpText:
    """One topic, below what its word means where the glossary has it."""
    return HelpText(title=title, intro=_meaning(asked or ""), parts=(Part(lines=tuple(lines)),))


def _meaning(word: str) -> str:
    term = term_of(word.replace("_", " "))
    return term.meaning if term else ""


def _fields(topic: str) -> list[str]:
    return [_field(row) for row in TABLE if row.topic == topic]


def _field(row: Keyword) -> str:
    return f"{row.example}  -  {row.says}{_aliases(row.keys[1:4], row.kind)}"


def _aliases(keys: tuple[str, ...], kind: Kind) -> str:
    plain = [key for key in keys if key.isascii()]
    unit = f" ({kind})" if kind in {Kind.MONEY, Kind.HOURS, Kind.TOKENS} else ""
    return unit + (f"; also {', '.join(plain)}" if plain else "")
