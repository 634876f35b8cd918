"""What has been understood of one message so far: its text with the understood parts blanked out, and what they say.

The readers (`keyed`, `free_text`, `revisions`, `roles`) each take what they know off the text and note it here.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.intake import grammar, refusals
from bot.intake.commands import Refusal
from bot.intake.grammar import Keyword
from bot.intake.hub_names import Entity
from bot.intake.tagging import NAME, Tagged
from bot.intake.values import NUMBER

_BLANK = "\x00"

#: Anything that may be read as a number, as a named group.
N = rf"(?P<n>{NUMBER}|-\d[\d.,]{{0,12}}|\b(?:nan|inf|infinity)\b|(?:minus|negative)\s\w{{1,10}})"
A_NUMBER = re.compile(N, re.I)


class Rule(NamedTuple):
    """A pattern, and the words of which at least one stands wherever it matches: a cheap test before the costly one."""

    pattern: re.Pattern[str]
    cues: tuple[str, ...]
    #: It can only match where a number starts.
    at_number: bool = False


def rule(pattern: str, cues: str = "") -> Rule:
    """Make a rule that ignores case; `cues` are parted by |, in small letters."""
    return Rule(re.compile(pattern, re.I), tuple(cue for cue in cues.split("|") if cue), pattern.startswith(N))


class Said(NamedTuple):
    """One statement: a field, its value and the words for it."""

    field: str
    value: Any
    words: str


class Sheet:
    """A message being read. Mutable, and private to one call of `parse`."""

    def __init__(self, tagged: Tagged) -> None:
        self.tagged = tagged
        #: As tagged, with what was taken blanked out; its length never changes.
        self.text = tagged.text
        self._lowered = tagged.text.lower()
        self._numbers: list[int] | None = None
        self.said: list[Said] = []
        self.refusals: list[Refusal] = []
        #: Flags that nobody knows, as typed.
        self.unread: list[str] = []

    def find(self, rule: Rule) -> Iterator[re.Match[str]]:
        """Find in what is left; the text may be taken from between two matches."""
        if rule.cues and not any(cue in self._lowered for cue in rule.cues):
            return
        at = 0
        if rule.at_number:
            for start in self._number_starts():
                if start >= at and (match := rule.pattern.match(self.text, start)):
                    yield match
                    at = match.end()
            return
        while match := rule.pattern.search(self.text, at):
            yield match
            at = max(match.end(), at + 1)

    def _number_starts(self) -> list[int]:
        if self._numbers is None:
            self._numbers = [match.start() for match in re.finditer(A_NUMBER, self.tagged.text)]
        return self._numbers

    def take(self, start: int, end: int) -> str:
        """Blank a stretch out; return what stood there, with its names put back."""
        words = self.text[start:end]
        self.text = self.text[:start] + _BLANK * (end - start) + self.text[end:]
        return self.tagged.untagged(words.replace(_BLANK, " ")).strip()

    def cut(self, match: re.Match[str]) -> str:
        """Blank a match out; return its words."""
        return self.take(match.start(), match.end())

    def say(self, field: str, value: Any, words: str) -> None:
        """Note a statement whose value is known to be possible."""
        self.said.append(Said(field, value, words))

    def read(self, row: Keyword, text: str, words: str) -> None:
        """Read a value by the grammar and note it, or why it cannot be."""
        value = grammar.read_value(row, text)
        if value is None:
            self.refuse(refusals.unreadable(row, text))
        elif not grammar.is_possible(row.field, value):
            self.refuse(refusals.impossible(row, text))
        else:
            if row.field == "load_in_4bit" and value:
                self.say("lora", True, words)
            self.say(row.field, value, words)

    def read_match(self, row: Keyword, match: re.Match[str], group: str | None = None) -> None:
        """Read the number of a match, or its one named group, by the grammar; the match is taken off."""
        self.read(row, match[group] if group else the_group(match), self.cut(match))

    def refuse(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def has(self, field: str) -> bool:
        return any(said.field == field for said in self.said)

    def names(self) -> list[tuple[int, Entity]]:
        """List the names that nobody has taken yet, with their places."""
        return [(match.start(), self.tagged.entity(match[0])) for match in re.finditer(NAME, self.text)]

    def left(self) -> str:
        """Return what nobody understood, as words."""
        return " ".join(self.text.replace(_BLANK, " ").split())


def the_group(match: re.Match[str]) -> str:
    """Return the one named group that took part in a match."""
    return next(text for text in match.groupdict().values() if text is not None)
