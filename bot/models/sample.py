"""Sample rows on their way to the tokenizer and back."""

from typing import Any

from bot.models.value import Value


class Passage(Value):
    """One text that the trainer tokenizes: running text, or messages that a chat template writes."""

    #: None: `messages` say it.
    text: str | None = None
    #: Each with "role" and "content".
    messages: tuple[dict[str, Any], ...] = ()
    #: The template ends with the assistant's turn opened, as for a prompt.
    ask: bool = False


class Counted(Value):
    """What the tokenizer made of some passages."""

    #: Tokens of each passage, in their order; () when the template failed.
    lengths: tuple[int, ...] = ()
    #: The first passages as they were written.
    shown: tuple[str, ...] = ()
    #: What the chat template said when it refused the rows; "" when it did not.
    problem: str = ""
