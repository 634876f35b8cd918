"""From a message to its Command: the order in which everything else is asked.

Does not read single values (`keyed`, `free_text`, `revisions`, `roles`) nor judge words (`intents`, `asking`).
"""

import re
from typing import Literal

from bot.intake import answers, asking, changing, help, hub_names, intents, questions, refusals, resuming, verdicts
from bot.intake.commands import (
    Approve,
    Cancel,
    Command,
    CostQuestion,
    Explain,
    Help,
    Logs,
    NewRequest,
    Nothing,
    Reject,
    Retry,
    Revise,
    Status,
    ThreadContext,
)
from bot.intake.free_text import read_free_text
from bot.intake.intents import Intent
from bot.intake.keyed import read_keyed
from bot.intake.revisions import read_relative
from bot.intake.roles import read_roles
from bot.intake.sheet import Sheet
from bot.intake.slack_text import LONGEST_TEXT, MOST_WORDS, SlackText, read_slack
from bot.intake.spelling import mend
from bot.intake.tagging import NAME, Tagged, tag
from bot.intake.unread import unread, without_wishes
from bot.intake.words import is_common, word_set
from bot.models import TrainingRequest

#: Characters. Whoever writes more into a thread, without naming the bot, writes to people.
_LONGEST_REPLY = 1_000
Of = Literal["new_request", "revise", "retry", "cost_question"]


_TRAINING_WORD = re.compile(r"(?i)fine-?\s?tun|model|dataset|lora|sft|dpo|grpo")
_ANOTHER = re.compile(
    r"(?i)\b(?:new|another|second|separate|additional) (?:\w+ )?(?:run|job|request|fine-?tune)\b|\bin addition\b"
)
_CC = re.compile(r"(?i)\b(?:(?:cc|fyi|ping|thanks)\W{0,4}|(?:thanks|thank you) for [^.!?\n@]{1,80})@person\W*$")
#: An order in the form of a question.
_POLITE = re.compile(
    r"(?i)\b(?:please|pls|can you|could you|bitte|kannst du|könntest du|peux-tu|puedes|pode|puoi|potresti|wil je"
    r"|kun je|kan je"
    r"|(?:can|could|may) (?:we|i|someone|somebody|anyone|anybody) (?:please |just )?"
    r"(?:have|get|do|run|start|kick off|launch|queue|schedule))\b|ますか|吗"
)
_USE = re.compile(rf"(?i)\W*(?:please |pls |let'?s )?(?:use|take) {NAME}")
_AGAIN = re.compile(
    r"(?i)\b(?:retry\w*|re-?run\w*|re-?start\w*|again|once more|try)\b|nochmal|encore|otra vez|de novo|再|もう一度"
)
#: "can I train on my own data?"
_MAY_I = re.compile(r"(?i)\W*(?:so |and |hey |hi )?(?:can|could|may) (?:i|we|one|people)\b[^\n]*\?\W*$")
#: Topics of the help that also open a request.
_VERBS_TOO = word_set("model dataset data run train new plan request")
#: "/finetune plan Qwen3-0.6B on tiny-chat" wants a plan and nothing else.
_PLAN_ONLY = re.compile(r"(?i)plan\b")
#: Commands whose one word is a run.
_NAMES_RUN = frozenset({"cancel", "status", "logs", "explain", "resume"})
#: Behind `/finetune`, which is a verb itself: "/finetune a small model".
_OPENS_REQUEST = word_set("a an the my our some something on with using me please new model for")


def parse(text: str, *, thread: ThreadContext | None = None, bot_user: str = "U0FTBOT") -> Command:
    """Read a message. A slash command's text starts with "/finetune ".

    `thread`: what the bot knows of the thread it was written in; None: a channel, a direct message or a slash command.
    `bot_user`: the bot's own Slack user id, to tell its mention from a person's.
    """
    message = read_slack(text, bot_user=bot_user)
    if message.too_long:
        spoken_to = message.slash or f"<@{bot_user}>" in text[:400]
        return refusals.too_long(len(text), LONGEST_TEXT) if spoken_to else Nothing()
    if message.slash and not message.text:
        return Help()
    if not message.text or _is_between_people(message):
        return Nothing()
    if thread is not None and thread.asked != "method" and (choice := answers.chosen(message.text, thread.choices)):
        return Revise(changes={thread.asked: choice}) if thread.asked else Nothing()
    tagged = tag(message.text) if message.text.count(" ") < MOST_WORDS else None
    if tagged is None or len(tagged.text) > LONGEST_TEXT:
        spoken_to = message.slash or message.addressed
        return refusals.too_long(len(message.text), LONGEST_TEXT) if spoken_to else Nothing()
    tagged = tagged.model_copy(update={"text": mend(tagged.text)})
    if thread is not None and not message.addressed and len(tagged.text) > _LONGEST_REPLY:
        return Nothing()
    if intents.INJECTION.search(tagged.text):
        return Nothing()
    if (message.slash or (message.addressed and _is_about_run(tagged))) and (command := _slash(tagged)):
        return command
    command = _decide(message, tagged, thread)
    if message.slash and isinstance(command, NewRequest) and _PLAN_ONLY.match(tagged.text):
        return NewRequest(request=command.request.model_copy(update={"plan_only": True}))
    return command


def _is_between_people(message: SlackText) -> bool:
    """Tell talk between people: somebody else is spoken to, and the bot is not."""
    if message.slash or message.addressed:
        return False
    return message.to_somebody or (message.people > 0 and not _CC.search(message.text))


def _slash(tagged: Tagged) -> Command | None:
    """Read the commands of `/finetune`; None: it is a request or a sentence."""
    words = tagged.text.split()
    first = words[0].lower().strip(".,:!?")
    topic = help.topic_of(first) if first not in _VERBS_TOO else None
    target = _run_id(tagged, words[1:])
    if topic in _NAMES_RUN and len(words) == 2 and re.fullmatch(r"\w{3,40}", words[1]):
        target = target or words[1]  # a mistyped id is answered as one, not planned as a model
    if first in {"help", "usage", "?", "", "--help", "-h", "hilfe", "aide", "ayuda", "ajuda"}:
        return help.about(" ".join(words[1:]))
    if len(words) > 1 and (target is None or len(words) > 4):
        return None
    match topic:
        case "cancel":
            return Cancel(run=target)
        case "status" | "runs":
            return Status(run=target)
        case "logs":
            return Logs(run=target)
        case "explain":
            return Explain(run=target)
        case "retry" | "resume":
            return Retry(run=target, resume=topic == "resume")
        case "approve" | "reject" | "change":
            return Help(topic=topic)
        case _:
            return None


def _is_about_run(tagged: Tagged) -> bool:
    """Tell "logs 7qk2m9xa", said to the bot: the same words as the command."""
    words = tagged.text.split()
    return len(words) == 2 and _run_id(tagged, words[1:]) is not None


def _run_id(tagged: Tagged, words: list[str]) -> str | None:
    """Find the run or job that is named: a job's id, a run's id or its short form."""
    for word in words:
        if re.fullmatch(NAME, word.strip(".,?!#")) and tagged.entity(word.strip(".,?!#")).kind == "job":
            return tagged.entity(word.strip(".,?!#")).name
        bare = word.strip(".,?!#:`")
        if re.fullmatch(r"(?i)(?=\w*\d)[0-9A-HJKMNP-TV-Z]{8}", bare):
            return bare.upper()
    return None


def _decide(message: SlackText, tagged: Tagged, thread: ThreadContext | None) -> Command:
    text = tagged.text
    state = thread.state if thread else None
    sheet = _fill(message, tagged, thread)
    ordered = asking.is_order(text)
    intent = intents.wants(message, text, state=state)
    if ordered and _outranks(intent, sheet, text):
        intent = None
    if intent is Intent.RETRY and sheet.has("model") and sheet.has("dataset") and not _AGAIN.search(text):
        intent = None  # "now the same with a/b on c/d" is a run of its own
    if intent is Intent.HELP and state in {"awaiting_approval", "failed"} and changing.is_vague_order(text):
        intent = None
    run = _run_id(tagged, text.split())
    if state == "failed" and (resume := resuming.asks_to_resume(text)):
        command = _changes(sheet, thread, "retry", run=run)
        if resume.alone:
            return Retry(run=run, resume=True, step=resume.step)
        if isinstance(command, Retry) and command.changes:
            return command.model_copy(update={"resume": True})
    match intent:
        case Intent.APPROVE:
            return Approve()
        case Intent.CONDITIONAL:
            return _changes(sheet, thread, "revise")
        case Intent.REJECT:
            return Reject(reason=_reason(tagged, text))
        case Intent.CANCEL:
            return Cancel(run=run)
        case Intent.RETRY:
            return _changes(sheet, thread, "retry", run=run)
        case Intent.STATUS:
            return Status(run=run)
        case Intent.LOGS:
            return Logs(run=run)
        case Intent.EXPLAIN:
            return Explain(run=run)
        case Intent.COST:
            return _cost(sheet, message, thread)
        case Intent.HELP:
            return Help(topic=_topic(text))
    if message.slash and re.match(r"(?i)(?:cost|price|estimate)\b", text):
        return _cost(sheet, message, thread)
    if thread is not None:
        return _in_thread(message, sheet, tagged, thread, ordered=ordered)
    aloud = message.slash or message.addressed
    evident = aloud or sheet.said or sheet.refusals or (asking.opens_with_order(text) and _TRAINING_WORD.search(text))
    if ordered and not sheet.said and not sheet.refusals and _MAY_I.match(text):
        return Help()
    unsupported = not ordered and questions.UNSUPPORTED.match(text) is not None
    if (ordered and evident) or (not unsupported and _is_terse(message, sheet, text)):
        return _new(sheet, message)
    if unsupported and (message.addressed or message.slash or questions.GGUF.search(text)) and not asking.is_talk(text):
        return Help()
    if message.slash:
        return _slash_rest(sheet, message, tagged)
    return Nothing()


def _fill(message: SlackText, tagged: Tagged, thread: ThreadContext | None) -> Sheet:
    sheet = Sheet(tagged)
    read_keyed(sheet)
    if thread is not None:
        read_relative(sheet, thread.plan)
    read_free_text(sheet)
    read_roles(sheet, positional=message.slash)
    if message.bidi:
        sheet.refuse(refusals.turned_text())
    return sheet


def _outranks(intent: Intent | None, sheet: Sheet, text: str) -> bool:
    """Tell whether an order to train goes before what the words also sound like."""
    named = sheet.has("model") or sheet.has("dataset") or bool(sheet.refusals)
    if intent in {Intent.HELP, Intent.STATUS, Intent.LOGS}:
        return named
    if intent in {Intent.COST, Intent.EXPLAIN}:
        return named and asking.opens_with_order(text)
    return intent is Intent.CANCEL and named


def _in_thread(message: SlackText, sheet: Sheet, tagged: Tagged, thread: ThreadContext, *, ordered: bool) -> Command:
    text = tagged.text
    if thread.state == "awaiting_approval" and sheet.said and _consents_to_change(text):
        return _changes(sheet, thread, "revise")
    if thread.state == "needs_info" and (filled := _answer(sheet, tagged, thread)):
        return filled
    whole = sheet.has("model") and sheet.has("dataset")
    if thread.state in {"awaiting_approval", "needs_info"}:
        if ordered and whole and _ANOTHER.search(text):
            return _new(sheet, message)
        if ordered and (sheet.said or sheet.refusals) and not asking.is_talk(text):
            return _changes(sheet, thread, "revise")
    elif ordered and (whole or (message.addressed and (sheet.has("model") or sheet.has("dataset")))):
        return _new(sheet, message)
    verdicts.look(sheet)
    if thread.state in {"running", "succeeded"} and _is_one_word(message):
        return Nothing()
    beside = without_wishes(sheet)
    if changing.is_change(sheet, text, thread.plan, understood=bool(sheet.said), beside=beside) or _is_refused_change(
        sheet, text, thread.plan
    ):
        return _changes(sheet, thread, "retry" if thread.state == "failed" else "revise")
    if message.addressed and ordered:
        return _new(sheet, message)
    if hub_names.HOSTILE.search(tagged.untagged(text)) and changing.opens_change(text):
        return _changes(sheet, thread, "revise")
    return Nothing()


def _is_one_word(message: SlackText) -> bool:
    """Tell "capybara", said to nobody: where no plan waits for an answer, that is talk."""
    return not message.addressed and re.search(r"[\s=]", message.text) is None


def _consents_to_change(text: str) -> bool:
    """Tell "looks good, 3 epochs though" from talk about the plan."""
    return intents.opens_with_consent(text) and "?" not in text and not asking.is_talk(text)


def _is_refused_change(sheet: Sheet, text: str, plan: TrainingRequest) -> bool:
    """Tell whether a change was ordered whose value cannot be."""
    if sheet.said or not sheet.refusals:
        return False
    if sheet.refusals[0].reason == "invalid_name" and "=" not in text and not changing.orders_change(text):
        return False
    return changing.is_change(sheet, text, plan, understood=True)


def _answer(sheet: Sheet, tagged: Tagged, thread: ThreadContext) -> Command | None:
    """Read the answer to the bot's question; None: it is none."""
    verdicts.look(sheet)
    if answers.fills(sheet, tagged.text, thread):
        return _changes(sheet, thread, "revise")
    word = answers.bare_value(tagged.text, thread.asked)
    if not word:
        return None
    sheet.say(str(thread.asked), word, word)
    return _changes(sheet, thread, "revise")


def _is_terse(message: SlackText, sheet: Sheet, text: str) -> bool:
    """Tell an order without a verb: "qwen3-0.6b on capybara, 2 epochs"."""
    named = sheet.has("model") + sheet.has("dataset")
    _, mark, behind = text.rpartition("?")
    if mark and len(re.findall(NAME, behind)) > 1:
        text = behind  # "something new? a/b on c/d"
    text = asking.without_politeness(text)
    if named == 2 and _USE.match(text) and "?" not in text and (message.addressed or message.slash):
        return True
    model = next((said.value for said in sheet.said if said.field == "model"), "")
    if message.addressed and hub_names.other_modality(model) and "?" not in text and not asking.is_talk(text):
        return True  # it is refused, so that somebody hears why
    if asking.is_talk_about_names(text, clauses=len(sheet.said) > 3) or ("?" in text and not _POLITE.search(text)):
        return False
    if message.slash:
        return bool(named or sheet.said or sheet.refusals)
    left = [word for word in re.sub(r"[^\w']", " ", sheet.left().lower()).split() if not is_common(word)]
    if message.addressed:
        return (
            named == 2
            or (named == 1 and len(left) <= 3 and (bool(sheet.said[1:]) or bool(sheet.refusals)))
            or (bool(sheet.refusals) and named >= 1)
        )
    opens = re.match(r"[\x00\W]*\x00", sheet.text) is not None  # with a name or a value
    return opens and named == 2 and len(left) <= 1 and not text.endswith("?") and len(sheet.said) >= 3


def _new(sheet: Sheet, message: SlackText) -> Command:
    verdicts.look(sheet)
    hostile = hub_names.HOSTILE.search(message.text)
    if hostile:
        return refusals.hostile(hostile[0])
    changes, refusal = verdicts.settle(sheet, None)
    if refusal:
        return refusal
    return NewRequest(request=TrainingRequest(text=message.text, unread=unread(sheet), **changes))


def _changes(sheet: Sheet, thread: ThreadContext | None, of: Of, *, run: str | None = None) -> Command:
    verdicts.look(sheet)
    hostile = hub_names.HOSTILE.search(sheet.tagged.untagged(sheet.tagged.text))
    if hostile:
        return refusals.hostile(hostile[0]).model_copy(update={"intent": of})
    changes, refusal = verdicts.settle(sheet, thread.plan if thread else None)
    if refusal:
        return refusal.model_copy(update={"intent": of})
    unknown = unread(sheet, changes=True)
    if changes and (unknown or (thread and thread.plan.unread)):
        changes["unread"] = unknown  # what an earlier message said in vain is no longer news
    if of == "retry":
        return Retry(run=run, changes=changes, unread=unknown or ())
    return Revise(changes=changes, about=None if changes else changing.setting_of(sheet.tagged.text))


def _cost(sheet: Sheet, message: SlackText, thread: ThreadContext | None) -> Command:
    changes, _ = verdicts.settle(sheet, thread.plan if thread else None)
    if thread is None:
        changes["plan_only"] = True  # whoever asks for a price orders nothing
    return CostQuestion(request=TrainingRequest(text=message.text, **changes))


def _slash_rest(sheet: Sheet, message: SlackText, tagged: Tagged) -> Command:
    """Read what follows `/finetune` and is neither a command nor has a value in it."""
    words = tagged.text.split()
    if len(words) > 1 and words[0].lower() in _OPENS_REQUEST:
        return _new(sheet, message)
    unknown = tagged.untagged(words[0])
    return Help(unknown=refusals.shorten(unknown), near=help.nearest(unknown))


def _topic(text: str) -> str | None:
    words = re.findall(r"[a-z_]+", text.lower())
    if not 1 < len(words) <= 4:
        return None
    return next((topic for word in words if word != "help" and (topic := help.topic_of(word))), None)


def _reason(tagged: Tagged, text: str) -> str:
    """Cut the reason out of "reject: too expensive"."""
    reason = re.sub(
        r"(?i)^(?:please\s)?(?:i\s)?(?:no|nope|reject(?:ed|ing)?|declin(?:e|ed)|den(?:y|ied))\b(?: (?:it|this|that"
        r"|the plan|this plan))?[\s,.:;!-]*(?:because\s|since\s|as\s)?",
        "",
        text,
    )
    return refusals.shorten(tagged.untagged(reason)) if reason != text else ""
