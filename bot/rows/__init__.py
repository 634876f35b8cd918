"""What a mapping makes of the rows of a dataset: evaluated on sample rows, or written down for the script."""

from bot.rows.convert import convert, converted, holds_messages, lacks
from bot.rows.functions import ROLES
from bot.rows.script import Code, call_of, needs_regex, row_functions

__all__ = [
    "ROLES",
    "Code",
    "call_of",
    "convert",
    "converted",
    "holds_messages",
    "lacks",
    "needs_regex",
    "row_functions",
]
