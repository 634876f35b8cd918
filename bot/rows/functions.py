"""What can be done with the values of a row. The scripts carry the source of those that they need, as it stands here.

Standard library only, and no annotation that needs an import: each function is copied into a script together with what
it uses of this module. A function answers None when there is nothing to train on; such rows are dropped.
"""

import json
import re

#: Who speaks, in the words of datasets -> in the words of chat templates.
ROLES = {
    **dict.fromkeys(("human", "prompter", "instruction", "question", "client", "customer", "caller"), "user"),
    **dict.fromkeys(("patient", "student", "seeker"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "bot", "model", "bing", "bard", "chatbot", "ai", "answer"), "assistant"),
    **dict.fromkeys(("response", "output", "function_call", "tool_call", "agent", "operator"), "assistant"),
    **dict.fromkeys(("support", "supporter", "doctor", "tutor", "teacher", "expert", "therapist"), "assistant"),
    **dict.fromkeys(("counselor", "ai assistant", "language model", "character", "char"), "assistant"),
    **dict.fromkeys(("function", "function_response", "function response", "tool_response"), "tool"),
    **dict.fromkeys(("observation", "ipython"), "tool"),
    "developer": "system",
    **{
        f"{who}{gap}{mark}": role
        for who in ("user", "person", "speaker", "participant")
        for gap in ("", " ", "_")
        for mark, role in (("1", "user"), ("2", "assistant"), ("a", "user"), ("b", "assistant"))
    },
}
#: Keys that say of a turn whether a person speaks, and such that say whether the model does.
BY_USER = ("is_human", "is_user", "from_user", "is_from_user", "by_user")
BY_MODEL = ("is_bot", "is_ai", "is_assistant", "is_agent", "is_model", "from_bot")
#: Keys of who speaks in a turn, and of what is said.
SPEAKERS = ("role", "from", "speaker", "author", "sender")
SAID = ("content", "value", "text", "utterance", "message", "parts")
#: What people write for an answer that they like, and for one that they do not.
YES = frozenset({"true", "yes", "good", "up", "thumbs up", "thumbs_up", "👍", "like", "liked", "positive", "accepted",
                 "approved", "helpful", "desirable", "+1"})  # fmt: skip
NO = frozenset({"false", "no", "bad", "down", "thumbs down", "thumbs_down", "👎", "dislike", "disliked", "negative",
                "rejected", "declined", "unhelpful", "not helpful", "undesirable", "-1"})  # fmt: skip
#: Where a turn of a transcript begins: "Human:", "### Response:", "<|im_start|>user".
TURN = re.compile(
    r"(?:^|\n)[ \t]*(?:#{1,4} ?|<\|im_start\|>|<\||\[|\*\*)?"
    r"((?:user|person|speaker|participant)[ _]?[12ab]|system|human|user|prompter|instruction|question|assistant"
    r"|response|answer|gpt|bot|chatbot|ai assistant|ai|model|patient|doctor|client|customer|caller|student|tutor"
    r"|teacher|therapist|counselor|agent|operator|support|function response)"
    r"(?:#?[ \t]*:(?:\*\*)?|\*\*[ \t]*:|\|>|\]"
    r"|(?<=<\|im_start\|>user)|(?<=<\|im_start\|>system)|(?<=<\|im_start\|>assistant))",
    re.IGNORECASE,
)
#: Which of two is better, by how much: "A>B", "[[B>>A]]", "model_a = model_b".
COMPARED = re.compile(r"[^\w<>=]*(\w+) *([<>=]+) *(\w+)[^\w<>=]*$")
#: The same in words: "A-is-clearly-better", "response_b is slightly better".
BETTER = re.compile(r"\W*(\w+?)[\s_-]+is[\s_-]+(?:[a-z]+[\s_-]+)?(?:better|preferred|stronger)\W*$", re.IGNORECASE)
#: What some transcripts write after a turn.
ENDINGS = ("<|endoftext|>", "<|im_end|>", "<|end|>", "</s>")


def at(value: object, *path: str | int) -> object:
    """What lies at the path; None where the path ends early."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def toolset(tools: object) -> str:
    """The tools that a conversation may call, as the JSON text that TRL reads; keys without a value are left out."""
    if isinstance(tools, str):
        return f"[{tools}]" if tools.lstrip().startswith("{") else tools or "[]"
    tools = [tools] if isinstance(tools, dict) else tools
    listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return json.dumps([{key: value for key, value in tool.items() if value is not None} for tool in listed])


def each(items: object, key: str) -> list[object]:
    """The value under the key of every item."""
    return [at(item, key) for item in items] if isinstance(items, list) else []


def parsed(text: object) -> object:
    """The value that a JSON text holds; None when it holds none."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None


def written(value: object) -> str:
    """A value as text; the items of a list stand on lines of their own, and of a part of a message its text alone."""
    if isinstance(value, dict) and value.get("type") == "text":
        value = value.get("text")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return "\n".join(line for line in map(written, value) if line)
    return "" if value is None else str(value)


def joined(*parts: object) -> str | None:
    """The parts that hold something, with an empty line between them."""
    return "\n\n".join(text for text in map(written, parts) if text.strip()) or None


def titled(*parts: object) -> str:
    """A line for each pair of a name and a value."""
    return "\n".join(f"{name}: {value}" for name, value in zip(parts[::2], parts[1::2], strict=True))


def lettered(*options: object) -> str | None:
    """The options of a question, each on a line behind its letter: "A. red"."""
    if len(options) == 1:
        found = options[0]
        if isinstance(found, dict):
            found = found.get("text") or list(found.values())
        options = tuple(found) if isinstance(found, list) else options
    texts = [written(at(option, "text") if isinstance(option, dict) else option) for option in options]
    marked = all(
        text[:2] in (f"{letter}.", f"{letter})", f"{letter}:")
        for text, letter in zip(texts, "ABCDEFGHIJKLMNOP", strict=False)
    )
    lines = texts if marked else [f"{chr(ord('A') + number)}. {text}" for number, text in enumerate(texts) if text]
    return "\n".join(lines) or None


def letter(position: object, first: int) -> str | None:
    """The letter of an option from its position; `first` is the position of A."""
    text = str(position)
    return chr(ord("A") + int(text) - first) if text.isdigit() else None


def marked(flags: object) -> str | None:
    """The letter of the one option that is marked by 1."""
    return letter(flags.index(1), 0) if isinstance(flags, list) and flags.count(1) == 1 else None


def named(number: object, *names: str) -> str | None:
    """The name of a class label; -1 marks a row without one."""
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else None


def final(text: object) -> object:
    """What a worked solution concludes: what follows ####, or stands in the last \\boxed{}; else the text itself."""
    if not isinstance(text, str):
        return text
    if "####" in text:
        return text.rsplit("####", 1)[1].strip().split("\n")[0]
    start = text.rfind("\\boxed{")
    if start < 0:
        return text
    depth = 0
    for end in range(start + 6, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start + 7 : end]
    return text


def question(text: object, system: object = None) -> list[dict[str, str]] | None:
    """The turns before the answer: a system prompt, where there is one, and what the user asks."""
    asked, rules = written(text), written(system)
    if not asked.strip():
        return None
    before = [{"role": "system", "content": rules}] if rules.strip() else []
    return [*before, {"role": "user", "content": asked}]


def reply(text: object) -> list[dict[str, str]] | None:
    """The assistant's turn."""
    said = written(text)
    return [{"role": "assistant", "content": said}] if said.strip() else None


def translated(turns: object, system: object = None) -> list[dict[str, str]] | None:
    """Messages of turns that name their speakers and texts in other words, such as {from, value}."""
    messages = [translated_turn(turn) for turn in turns] if isinstance(turns, list) else []
    if answers_as_system([message["role"] for message in messages]):
        messages = [{**turn, "role": turn["role"].replace("system", "assistant")} for turn in messages]
    return conversation(messages, system)


def answers_as_system(roles: list[str]) -> bool:
    """Whether a dialogue system, which task-oriented data calls the system, answers the user."""
    return "user" in roles and "assistant" not in roles and "system" in roles[roles.index("user") :]


def translated_turn(turn: object) -> dict[str, str]:
    """A message whose speaker and text may stand under other names."""
    who = speaker(turn).lower()
    text = next((said for key in SAID if (said := at(turn, key))), None)
    return {"role": ROLES.get(who, who), "content": written(text)}


def speaker(turn: object) -> str:
    """Who speaks in a turn, in the data's own word, or as a flag such as is_human says; "": nothing says it."""
    for user, key in [*((True, key) for key in BY_USER), *((False, key) for key in BY_MODEL)]:
        if isinstance(flag := at(turn, key), bool):
            return "user" if flag is user else "assistant"
    return next((str(said) for key in SPEAKERS if (said := at(turn, key)) not in (None, "")), "")


def exchanged(turns: object, user: str, assistant: str, system: object = None) -> list[dict[str, str]] | None:
    """Messages of a list whose items each hold a question and its answer under the two keys."""
    messages = []
    for turn in turns if isinstance(turns, list) else []:
        messages.append({"role": "user", "content": written(at(turn, user))})
        messages.append({"role": "assistant", "content": written(at(turn, assistant))})
    return conversation(messages, system)


def alternated(texts: object, system: object = None) -> list[dict[str, str]] | None:
    """Messages of a list of texts in which user and assistant take turns, the user first."""
    texts = texts if isinstance(texts, list) else []
    messages = [
        {"role": ("user", "assistant")[number % 2], "content": written(text)} for number, text in enumerate(texts)
    ]
    return conversation(messages, system)


def interleaved(questions: object, answers: object, about: object = None) -> list[dict[str, str]] | None:
    """Messages of two lists, the user's turns and the assistant's; what they are about stands before the first."""
    messages: list[dict[str, str]] = []
    if isinstance(questions, list) and isinstance(answers, list):
        for asked, said in zip(questions, answers, strict=False):
            first = joined(about, asked) if about and not messages else written(asked)
            messages.append({"role": "user", "content": first or ""})
            messages.append({"role": "assistant", "content": written(said)})
    return conversation(messages)


def opened(turns: object, system: object = None) -> list[dict[str, str]] | None:
    """Messages of a conversation that still lacks its last answer; answers at its end are left out."""
    messages = [translated_turn(turn) for turn in turns] if isinstance(turns, list) else []
    while messages and messages[-1]["role"] == "assistant":
        messages.pop()
    rules = written(system).strip()
    before = [{"role": "system", "content": rules}] if rules and messages and messages[0]["role"] != "system" else []
    return [*before, *messages] or None


def transcript(text: object, system: object = None) -> list[dict[str, str]] | None:
    """Messages of a text in which each turn begins with its speaker: "Human: ... Assistant: ..."."""
    source = written(text)
    for ending in ENDINGS:
        source = source.replace(ending, "")
    pieces = [(ROLES.get(who.lower(), who.lower()), who, said) for who, said in zip(*_turns(source), strict=True)]
    words: dict[str, str] = {}
    messages: list[dict[str, str]] = []
    for role, who, said in pieces:
        if words.setdefault(role, who) == who:
            messages.append({"role": role, "content": said.strip()})
        else:  # "Answer:" inside a turn of "Assistant:" is no new speaker
            messages[-1]["content"] += f"\n{who}:{said.rstrip()}"
    return conversation(messages, system)


def _turns(source: str) -> tuple[list[str], list[str]]:
    """Who speaks in a transcript, and what each says."""
    pieces = TURN.split(source)[1:]
    return pieces[::2], pieces[1::2]


def conversation(messages: list[dict[str, str]], system: object = None) -> list[dict[str, str]] | None:
    """The messages up to the last answer, behind the system prompt; None where there is no answer."""
    while messages and (messages[-1]["role"] != "assistant" or not messages[-1]["content"].strip()):
        messages = messages[:-1]
    rules = written(system).strip()
    for prefix in ("SYSTEM:", "System:"):
        rules = rules.removeprefix(prefix).strip()
    if messages and rules and messages[0]["role"] != "system":
        return [{"role": "system", "content": rules}, *messages]
    return messages or None


def before_answer(messages: object) -> list[object] | None:
    """The turns before the last one of the assistant."""
    turns = messages if isinstance(messages, list) else []
    places = [number for number, turn in enumerate(turns) if at(turn, "role") == "assistant"]
    return turns[: places[-1]] or None if places else turns or None


def last_answer(messages: object) -> list[object] | None:
    """The last turn of the assistant."""
    turns = messages if isinstance(messages, list) else []
    return [turn for turn in turns if at(turn, "role") == "assistant"][-1:] or None


def by_label(label: object, *choices: object) -> object:
    """The value that stands behind the label: by_label("b", "a", first, "b", second) is second."""
    return next((value for key, value in zip(choices[::2], choices[1::2], strict=True) if key == label), None)


def ahead(verdict: object) -> str | None:
    """The side that a comparison puts first: "A" for "A>B", "[[A>>B]]" and "B<A"; None for "A=B"."""
    found = COMPARED.match(written(verdict))
    if found is None or "=" in found[2]:
        return None
    return found[1] if ">" in found[2] else found[3]


def favoured(verdicts: object) -> str | None:
    """The side that most verdicts in words call better: "A" for "A-is-clearly-better"; None for as many on each."""
    found = [BETTER.match(written(verdict)) for verdict in (verdicts if isinstance(verdicts, list) else [verdicts])]
    sides = [match[1] for match in found if match is not None]
    most = [one for one in dict.fromkeys(sides) if 2 * sides.count(one) > len(sides)]
    return most[0] if most else None


def side(preference: object) -> int | None:
    """-1 when a signed preference is for the first answer, 1 for the second; None for a tie."""
    return (preference > 0) - (preference < 0) or None if isinstance(preference, int | float) else None


def best(scores: object, answers: object) -> object:
    """The answer with the highest score; None where scores are missing or all alike."""
    return _ranked(scores, answers)[-1]


def worst(scores: object, answers: object) -> object:
    """The answer with the lowest score; None where scores are missing or all alike."""
    return _ranked(scores, answers)[0]


def picked(answers: object, place: object) -> object:
    """The answer at the place of the best one; None where there is no other."""
    listed = answers if isinstance(answers, list) else []
    return listed[place] if isinstance(place, int) and 0 <= place < len(listed) > 1 else None


def passed_over(answers: object, place: object) -> object:
    """The first answer that is not at the place of the best one."""
    listed = answers if isinstance(answers, list) else []
    return next((answer for number, answer in enumerate(listed) if number != place), None)


def _ranked(scores: object, answers: object) -> tuple[object, object]:
    """The answers with the lowest and the highest score."""
    texts = list(answers) if isinstance(answers, list | tuple) else []
    pairs = [
        (float(score), text)
        for score, text in zip(scores if isinstance(scores, list | tuple) else [], texts, strict=False)
        if isinstance(score, int | float) and text
    ]
    pairs.sort(key=lambda pair: pair[0])
    if not pairs or pairs[0][0] == pairs[-1][0]:
        return None, None
    return pairs[0][1], pairs[-1][1]


def negative(numbers: object) -> list[object]:
    """The numbers with their signs turned: ranks, where 1 is best, become scores."""
    found = numbers if isinstance(numbers, list | tuple) else []
    return [-number if isinstance(number, int | float) else None for number in found]


def both(*values: object) -> list[object]:
    """The values as a list."""
    return list(values)


def true(label: object) -> bool:
    """Whether a label says yes: true, 1, "yes", "thumbs up"."""
    return label is True or label == 1 or str(label).strip().lower() in YES


def spoken(turns: object) -> bool:
    """Whether every message says something or calls a tool, and the assistant has a turn; a system prompt may be ""."""
    listed = turns if isinstance(turns, list) else []
    said = [bool(at(turn, "content")) or bool(at(turn, "tool_calls")) or _no_system(turn) for turn in listed]
    return bool(said) and all(said) and "assistant" in each(turns, "role")


def filled(turns: object) -> list[object]:
    """Messages of which those that only call tools have an empty text: templates that add to it need one."""
    listed = turns if isinstance(turns, list) else []
    return [{**turn, "content": ""} if isinstance(turn, dict) and silent(turn) else turn for turn in listed]


def silent(turn: object) -> bool:
    """Whether a message calls tools and has no text at all."""
    return bool(at(turn, "tool_calls")) and at(turn, "content") is None


def _no_system(turn: object) -> bool:
    """Whether a turn is the system prompt of a chat that has none."""
    return (at(turn, "role"), at(turn, "content")) == ("system", "")


def same_start(chosen: object, rejected: object) -> bool:
    """Whether two conversations begin alike and differ later: TRL takes what they share for the prompt."""
    return at(chosen, 0) is not None and at(chosen, 0) == at(rejected, 0) and chosen != rejected
