"""What a person typed, as a Command. Pure and deterministic: no network, no clock, no database, no language model.

    slack text -> tagged names -> sheet (keyed, relative, sentences, roles) -> intent -> Command

In doubt a message means Nothing; consent with any condition is Revise; a doubtful name, value or method is a Refusal.
"""

from bot.intake.commands import Command, Nothing, ThreadContext
from bot.intake.help import HelpText, help_text
from bot.intake.names import resolve
from bot.intake.reader import parse

__all__ = ["Command", "HelpText", "Nothing", "ThreadContext", "help_text", "parse", "resolve"]
