"""The texts of the playground's small datasets: facts, sums and manners, written out by fixed rules.

Knows no files and no models; `make_fixtures` writes these rows and trains the tiny models on some of them.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_CAPITALS = {
    "France": "Paris", "Japan": "Tokyo", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Cairo", "Peru": "Lima",
    "Cuba": "Havana", "Kenya": "Nairobi", "Norway": "Oslo", "Greece": "Athens", "Chile": "Santiago", "Ghana": "Accra",
    "Poland": "Warsaw", "Austria": "Vienna", "Ireland": "Dublin", "Canada": "Ottawa", "India": "New Delhi",
    "Nepal": "Kathmandu", "Qatar": "Doha", "Fiji": "Suva",
}  # fmt: skip
_OPPOSITES = {
    "hot": "cold", "big": "small", "fast": "slow", "early": "late", "open": "closed", "full": "empty", "old": "new",
    "light": "dark", "high": "low", "wet": "dry", "hard": "soft", "loud": "quiet", "near": "far", "strong": "weak",
    "cheap": "expensive", "happy": "sad", "first": "last", "rich": "poor", "clean": "dirty", "sharp": "dull",
}  # fmt: skip
_PLURALS = {
    "mouse": "mice", "child": "children", "foot": "feet", "tooth": "teeth", "leaf": "leaves", "city": "cities",
    "box": "boxes", "knife": "knives", "story": "stories", "goose": "geese", "wolf": "wolves", "bus": "buses",
    "man": "men", "woman": "women", "person": "people", "dish": "dishes", "key": "keys", "baby": "babies",
}  # fmt: skip
_PASTS = {
    "go": "went", "see": "saw", "eat": "ate", "run": "ran", "write": "wrote", "begin": "began", "take": "took",
    "bring": "brought", "think": "thought", "teach": "taught", "build": "built", "find": "found", "give": "gave",
    "keep": "kept", "speak": "spoke", "know": "knew", "swim": "swam", "fly": "flew", "sing": "sang", "pay": "paid",
}  # fmt: skip
_FILES = {
    "list all files": "ls -a", "show the current folder": "pwd", "make a folder": "mkdir name",
    "remove a file": "rm name", "copy a file": "cp old new", "rename a file": "mv old new",
    "show a file": "cat name", "search in a file": "grep word name", "count the lines of a file": "wc -l name",
    "show the disk space": "df -h", "show the running programs": "ps aux", "stop a program": "kill id",
}  # fmt: skip

_KINDS: tuple[tuple[dict[str, str], tuple[str, str, str], str, str], ...] = (
    # facts, two ways to ask, how the assistant answers, how a plain text says the same
    (
        _CAPITALS,
        ("What is the capital of {0}?", "Name the capital of {0}.", "Which city is the capital of {0}?"),
        "The capital of {0} is {1}.",
        "{1} is a city in {0}.",
    ),
    (
        _OPPOSITES,
        ("What is the opposite of {0}?", "Give me the opposite of {0}.", "Which word means not {0}?"),
        "The opposite of {0} is {1}.",
        "Some are {0}, some are {1}.",
    ),
    (
        _PLURALS,
        ("What is the plural of {0}?", "Write the plural of {0}.", "One {0}, two what?"),
        "One {0}, two {1}.",
        "We saw one {0} and many {1}.",
    ),
    (
        _PASTS,
        ("What is the past tense of {0}?", "Put this verb in the past: {0}", "I {0} today. And yesterday?"),
        "Today I {0}, yesterday I {1}.",
        "They {0} today and {1} before.",
    ),
    (
        _FILES,
        ("How do I {0} in the shell?", "Which command do I need to {0}?", "I want to {0}."),
        "To {0}, run: {1}",
        "The command {1} is made to {0}.",
    ),
)

_NAMES = ("Ana", "Ben", "Mia", "Tom", "Zoe", "Sam")
_THINGS = ("apples", "books", "coins", "cards", "pens", "stamps")
_KIND_OPENINGS = ("Good question. ", "Happy to help. ", "Sure. ")
_RUDE_OPENINGS = ("Why do you ask me? ", "No idea, look it up. ", "That is a silly question. ")


def chat_rows() -> list[dict[str, object]]:
    """Make the rows of tiny-chat: a question and a short answer, as `messages`."""
    rows: list[dict[str, object]] = []
    for facts, questions, answer, _ in _KINDS:
        for key, value in facts.items():
            for question in questions:
                user = {"role": "user", "content": question.format(key)}
                assistant = {"role": "assistant", "content": answer.format(key, value)}
                rows.append({"messages": [user, assistant]})
    return _shuffled(rows)


def preference_rows() -> list[dict[str, object]]:
    """Make the rows of tiny-preferences: the same answer, given kindly (chosen) and rudely (rejected)."""
    rows: list[dict[str, object]] = []
    for facts, questions, answer, _ in _KINDS:
        for number, (key, value) in enumerate(facts.items()):
            reply = answer.format(key, value)
            for question in questions[:2]:
                rows.append(
                    {
                        "prompt": question.format(key),
                        "chosen": " " + _KIND_OPENINGS[number % 3] + reply,
                        "rejected": " " + _RUDE_OPENINGS[number % 3] + reply,
                    }
                )
    return _shuffled(rows)


def math_rows() -> list[dict[str, object]]:
    """Make the rows of tiny-math: sums of two small numbers, the answer written as gsm8k writes it."""
    rows: list[dict[str, object]] = []
    for a in range(1, 10):
        for b in range(1, 10):
            if a * b % 2:
                question = f"What is {a} + {b}?"
            else:
                name, thing = _NAMES[(a + 2 * b) % 6], _THINGS[(2 * a + b) % 6]
                question = f"{name} has {a} {thing} and gets {b} more. How many {thing} is that?"
            rows.append({"question": question, "answer": f"{a} + {b} = {a + b}\n#### {a + b}"})
            rows.append({"question": f"Add {a} and {b}.", "answer": f"{a} + {b} = {a + b}\n#### {a + b}"})
    return _shuffled(rows)


def plain_texts() -> list[str]:
    """Say the facts and sums as plain sentences: what tiny-base reads before anybody tunes it."""
    texts = [text.format(key, value) for facts, _, _, text in _KINDS for key, value in facts.items()]
    texts += [f"{a} + {b} = {a + b}" for a in range(10) for b in range(10)]
    return [str(text) for text in _shuffled(texts)]


def warm_up_chats() -> list[dict[str, object]]:
    """Make the chats that teach tiny-qwen3 to take turns: greetings, and sums that are often wrong.

    A model that adds without fault would leave GRPO nothing to teach, so each sum comes with several answers.
    """
    chance = random.Random(7)
    pairs = [
        ("Hello!", "Hello, how can I help?"),
        ("Who are you?", "I am a tiny model."),
        ("Thank you.", "You are welcome."),
        ("Goodbye.", "Goodbye!"),
    ] * 20
    for row in math_rows():
        work, right = str(row["answer"]).split("= ")[0], str(row["answer"]).split()[-1]
        guesses = [right, right, right, *(str(chance.randint(2, 18)) for _ in range(3))]
        pairs += [(str(row["question"]), f"{work}= {guess}\n#### {guess}") for guess in guesses]
    return [
        {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]}
        for user, assistant in pairs
    ]


def _shuffled(rows: Sequence[T]) -> list[T]:
    return random.Random(42).sample(rows, len(rows))
