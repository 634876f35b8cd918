"""How long the rows are: tokens of the sample rows, as the tokenizer counted them or guessed from their characters.

Pure; no tokenizer here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bot.models import ColumnMapping, Method, TokenSample, Value
from bot.planning.columns import text_of, turns
from bot.rows import converted

#: Special tokens that chat templates put around each message.
_TOKENS_PER_TURN = 4
#: When there is no sample row to look at.
_NO_SAMPLE = 512


class Lengths(Value):
    """Tokens of the sample rows, before anything is cut."""

    #: Of each row's longest sequence, prompt included (GRPO: the prompt alone).
    sequences: tuple[int, ...]
    #: Sequences of a row: 2 for a pair of answers.
    per_row: int = 1
    #: False: there was no row to measure.
    measured: bool = True
    #: True: counted by the model's tokenizer; False: guessed from characters.
    counted: bool = False

    @property
    def longest(self) -> int:
        return max(self.sequences)

    def mean(self, max_length: int | None = None) -> float:
        """Mean tokens of a sequence, cut at max_length."""
        cut = [min(length, max_length) if max_length else length for length in self.sequences]
        return sum(cut) / len(cut)

    def padded(self, batch: int, max_length: int | None = None) -> float:
        """Mean tokens that a sequence takes when each batch is padded to its longest.

        The expected maximum of `batch` draws from the sample.
        """
        cut = sorted(min(length, max_length) if max_length else length for length in self.sequences)
        n = len(cut)
        return sum(value * (((i + 1) / n) ** batch - (i / n) ** batch) for i, value in enumerate(cut))

    def packed(self, rows: int, max_length: int) -> tuple[int, "Lengths"]:
        """Count rows after several were put into one of at most max_length tokens, and say how long those are.

        TRL 1.16 packs by best fit decreasing and cuts what is longer than max_length (trl/data_utils.py,
        `pack_dataset`, strategy "bfd"). Counted as if nothing were left empty: short rows fill nearly all of it.
        """
        tokens = rows * self.mean(max_length)
        count = min(rows, max(1, math.ceil(tokens / max_length)))
        return count, self.model_copy(update={"sequences": (max(1, round(tokens / count)),)})

    def cut_share(self, max_length: int) -> float:
        """Share of all tokens that max_length cuts off."""
        total = sum(self.sequences)
        return 1 - sum(min(length, max_length) for length in self.sequences) / total if total else 0.0

    def rows_cut(self, max_length: int) -> float:
        """Share of the rows that max_length shortens."""
        return sum(length > max_length for length in self.sequences) / len(self.sequences)

    def sample(self, max_length: int) -> TokenSample | None:
        """The same as the plan tells it; None: there was no row to measure."""
        if not self.measured:
            return None
        ordered = sorted(self.sequences)
        return TokenSample(
            rows=len(ordered),
            mean=round(self.mean(), 1),
            median=ordered[len(ordered) // 2],
            p95=ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)],
            longest=ordered[-1],
            rows_cut=round(self.rows_cut(max_length), 4),
            tokens_cut=round(self.cut_share(max_length), 4),
            counted=self.counted,
        )


def characters_per_token(vocab_size: int) -> float:
    """3.5 for the vocabularies of today's models; a vocabulary of a few hundred pieces hardly merges anything.

    3.5 characters: English with code and mathematics through a vocabulary of 32k to 150k; OpenAI's rule of thumb for
    plain English is 4 (https://help.openai.com/en/articles/4936856). Below 1,000 entries: 2, a guess.
    """
    return 3.5 if vocab_size >= 1000 else 2.0


def measure(rows: Sequence[Mapping[str, Any]], mapping: ColumnMapping, method: Method, vocab_size: int) -> Lengths:
    """Guess the tokens of each sample row after the mapping."""
    per_row = 2 if method in (Method.DPO, Method.REWARD) else 1
    if not rows:
        return Lengths(sequences=(_NO_SAMPLE,), per_row=per_row, measured=False)
    rate = characters_per_token(vocab_size)
    made = converted(rows, mapping)
    if not made:
        return Lengths(sequences=(_NO_SAMPLE,), per_row=per_row, measured=False)
    return Lengths(sequences=tuple(_row_tokens(row, rate) for row in made), per_row=per_row)


def _row_tokens(row: Mapping[str, Any], rate: float) -> int:
    said = {name: value for name, value in row.items() if name not in ("answer", "checker", "label")}
    answers = [said.pop(name) for name in ("chosen", "rejected") if name in said]
    longest = max((_tokens(answer, rate) for answer in answers), default=0)
    return max(1, int(sum(_tokens(value, rate) for value in said.values()) + longest))


def _tokens(value: Any, rate: float) -> float:
    return len(text_of(value)) / rate + _TOKENS_PER_TURN * max(1, len(turns(value)))
