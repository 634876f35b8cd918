"""Which methods a dataset serves and how its rows become what the trainer takes.

Pure: feature types and sample rows in, verdicts out. Does not read the Hub; does not choose hardware or lengths.
What TRL 1.16 accepts: https://huggingface.co/docs/trl/v1.16.0/dataset_formats (and what it silently does wrong with
near misses: it tests for `prompt` first, so a `prompt` column beside `messages` breaks SFT with KeyError
'completion', and a question that is not named `prompt` is lost in DPO).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import UserError
from bot.models import DatasetInfo, Method
from bot.planning.columns import Kind, turns
from bot.planning.content import is_prose
from bot.planning.demonstrations import judge_sft
from bot.planning.names import head
from bot.planning.pairs import find_pair
from bot.planning.preferences import find_label, judge_kto, judge_pairs
from bot.planning.reading import Reading, read
from bot.planning.references import judge_grpo
from bot.planning.table import Table
from bot.planning.talks import conversations, is_answered
from bot.planning.verdict import Status, Verdict, call, no, told
from bot.planning.vocabulary import MODEL_WORDS, TRACES
from bot.rows import converted, lacks
from bot.rows.functions import silent

__all__ = ["Status", "Verdict", "choose_method", "judge", "recommend"]

_NEEDS = {
    Method.SFT: "`messages`, or `prompt` and `completion` (also instruction/output or question/answer), or `text`",
    Method.DPO: "`chosen` and `rejected`, with or without `prompt`",
    Method.GRPO: "`prompt` (also question or problem), and best an `answer` or `solution`",
    Method.KTO: "`prompt`, `completion` and a `label` that is true or false",
    Method.REWARD: "`chosen` and `rejected`, with or without `prompt`",
}


#: Column names that a refusal lists.
_SHOWN = 12
#: Why rows are left out, by the condition that they break.
_LACKS = {
    "true": "hold answers that are called bad",
    "same_start": "hold two conversations that do not begin alike, or that are the same",
    "chosen": "do not say which answer is better",
    "spoken": "have no answer, or a message without content",
}


def judge(features: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[Method, Verdict]:
    """Give a verdict for each method, its mapping tried on the sample rows."""
    table = Table(features, rows)
    if table.media:
        named = ", ".join(f"`{name}`" for name in table.media)
        why = f"Column {named} holds images or sound, and Tunesmith trains text models only."
        return {method: no(method, why) for method in Method}
    pair = find_pair(table)
    label = find_label(table) if pair is None else None
    reading = read(
        table,
        {*(pair.columns if pair else ()), *([label.column] if label else ())},
        answered=pair is not None,
        prefix=pair.prefix if pair else (),
    )
    pairs = {method: judge_pairs(method, table, reading, pair) for method in (Method.DPO, Method.REWARD)}
    verdicts = {
        Method.SFT: judge_sft(table, reading, pair, label),
        Method.DPO: pairs[Method.DPO],
        Method.GRPO: judge_grpo(table, reading),
        Method.KTO: judge_kto(table, reading, label, pairs[Method.DPO]),
        Method.REWARD: pairs[Method.REWARD],
    }
    return {method: _tried(_filled(_guessed(verdict, reading), table), rows) for method, verdict in verdicts.items()}


def _guessed(verdict: Verdict, reading: Reading) -> Verdict:
    """Say which columns are read by what they hold, because their names say nothing."""
    used = [slot for slot in reading.guessed if verdict.mapping is not None and slot.column in verdict.mapping.sources]
    if not used:
        return verdict
    warning = f"The names do not say what is in {told(used)}: this is read from the texts. Look at the example."
    return verdict.model_copy(update={"warnings": (*verdict.warnings, warning)})


def _filled(verdict: Verdict, table: Table) -> Verdict:
    """Give an empty text to messages that only call tools, where they are taken as they are: see `talks.whole`."""
    calling = {
        name for name, slot in table.columns.items()
        if slot.kind is Kind.MESSAGES and any(silent(turn) for value in slot.values for turn in turns(value))
    }  # fmt: skip
    if verdict.mapping is None or not calling & {str(value) for value in verdict.mapping.columns.values()}:
        return verdict
    columns = {
        target: call("filled", value) if isinstance(value, str) and value in calling else value
        for target, value in verdict.mapping.columns.items()
    }
    mapping = verdict.mapping.model_copy(update={"columns": columns})
    return verdict.model_copy(update={"mapping": mapping, "status": Status.MAPPABLE})


def _tried(verdict: Verdict, rows: Sequence[Mapping[str, Any]]) -> Verdict:
    """Execute the mapping on the sample rows: what is left out is said, and where nothing is left, it is refused."""
    if verdict.mapping is None or not rows:
        return verdict
    made = converted(rows, verdict.mapping)
    if not made:
        return no(verdict.method, f"{verdict.reason} But none of the first {len(rows)} rows has all of it.")
    reasons = Counter(reason for row in rows if (reason := lacks(row, verdict.mapping)))
    gaps = (
        f"{count} of the first {len(rows)} rows {_LACKS.get(reason) or f'have no {reason}'}: they are left out."
        for reason, count in reasons.items()
    )
    return verdict.model_copy(update={"example": made[0], "warnings": (*verdict.warnings, *gaps)})


def recommend(
    verdicts: Mapping[Method, Verdict], features: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Method | None:
    """The method that the data was made for: pairs for DPO, judged answers for KTO, demonstrations for SFT.

    GRPO where there is nothing to imitate, or where the right answer matters and not the way to it: a bare reference,
    or a solution that people wrote beside the final answer that it leads to.
    """
    if verdicts[Method.DPO].fits:
        return Method.DPO
    if verdicts[Method.KTO].fits and not _verifies(verdicts[Method.KTO]):
        return Method.KTO
    sft, grpo = verdicts[Method.SFT], verdicts[Method.GRPO]
    if grpo.mapping is not None and grpo.mapping.answer is not None:
        table = Table(features, rows)
        if not sft.fits or _made_for_answers(table, read(table)):
            return Method.GRPO
    if sft.fits:
        return Method.SFT
    return Method.GRPO if grpo.fits else None


def _verifies(kto: Verdict) -> bool:
    """True when the label only says whether a final answer was right: the answers were made to be imitated."""
    assert kto.mapping is not None
    return any(word in str(kto.mapping.columns["label"]) for word in ("correct", "passed"))


#: A number, perhaps with what it counts in brackets: "9 (apples)".
_NUMBER = re.compile(r"[\s$-]*\d[\d.,]*%?\.?\s*(\([^()]*\))?\s*")
#: Columns of data that was published for reinforcement learning.
_FOR_REWARDS = {"reward_model", "verification_info"}


def _made_for_answers(table: Table, reading: Reading) -> bool:
    reference, answer = reading.reference, reading.answer
    if reference is None or reading.question is None:
        return False
    if reading.options and (answer is None or answer.short or answer.key in ("exp", "explanation")):
        return True  # an exam without worked solutions
    wrong = table.where(lambda slot: slot.kind is Kind.TEXT and bool({"distractor", "incorrect"} & set(slot.words)))
    if wrong or "distractors" in table.columns:
        return reference.short  # an exam whose options lie apart
    if answer is not None and set(answer.words) & TRACES:
        return False
    if reference.concludes and not reference.short and any(set(slot.words) & {"cot"} for slot in table.slots):
        return False  # a way of thinking is what these solutions were collected for
    if reference.key.startswith("label"):
        return False
    if reference.column in _FOR_REWARDS:
        return True
    if reading.trace is not None or reference.key == "completion":
        return False  # TRL's own name of what is imitated
    taught = head(reading.question) in ("instruction", "instructions") or reading.system is not None
    if taught and reference.key in ("output", "response"):
        return False  # as Alpaca calls its demonstrations
    if reference.words[-1] in ("target", "tgt", "translation") or "target" in reference.words:
        return not is_prose(reference) and reference.short
    if (
        reading.context is not None
        and reference.kind is not Kind.BOOL
        and not all(map(_NUMBER.fullmatch, reference.texts))
    ):
        return False  # the answer is a piece of the passage
    talks = any(slot.kind is not Kind.TEXTS and is_answered(slot) for slot in conversations(table))
    written = any(
        set(slot.words) & MODEL_WORDS for slot in table.columns.values() if slot.kind in (Kind.TEXT, Kind.TEXTS)
    )
    if answer is None or answer is reference or answer.short:
        # what concludes with a final answer was written to be checked, unless a model wrote it
        return not talks and (reference.short or (reference.words[-1] in ("answer", "solution") and not written))
    return reference.short and answer.key == "solution" and not written


def choose_method(dataset: DatasetInfo, method: Method | None) -> Verdict:
    """Take the method that was named, or the recommended one.

    Raises:
        UserError: the dataset fits no method, not the one that was named, or none was named and the only one that fits
            would learn nothing but good form.
    """
    verdicts = judge(dataset.features, dataset.rows)
    best = recommend(verdicts, dataset.features, dataset.rows)
    has = f"Dataset `{dataset.repo_id}` has " + (_listed(dataset.features) or "no columns")
    if method is not None:
        verdict = verdicts[method]
        if verdict.fits:
            return verdict
        raise UserError(f"{has}; {method.told} needs {_NEEDS[method]}. {verdict.reason}", _instead(verdicts, best))
    if best is None:
        needs = "; ".join(f"{each.upper()} needs {_NEEDS[each]}" for each in (Method.SFT, Method.DPO, Method.GRPO))
        raise UserError(f"{has}: nothing that I can train on. {verdicts[Method.SFT].reason}", f"{needs}.")
    verdict = verdicts[best]
    if best is Method.GRPO and verdict.mapping is not None and verdict.mapping.answer is None:
        raise UserError(
            f"{has}: prompts, but neither answers to imitate nor final answers that a reward could compare with."
            f" {verdict.warnings[0]}",
            "Name a dataset with answers. Or write method=grpo, if rewarding good form alone is what you want.",
        )
    return verdict


def _listed(features: Mapping[str, Any]) -> str:
    names = [f"`{name}`" for name in features]
    shown = names if len(names) <= _SHOWN + 2 else [*names[:_SHOWN], f"{len(names) - _SHOWN} more"]
    return "columns " + ", ".join(shown) if names else ""


def _instead(verdicts: Mapping[Method, Verdict], best: Method | None) -> str:
    """What the dataset would serve. KTO and reward models are planned where data is made for them, not by name."""
    named = [each for each in (Method.SFT, Method.DPO, Method.GRPO) if verdicts[each].fits]
    ways = [f"method={each}" for each in sorted(named, key=lambda each: each != best)]
    if best in (Method.KTO, Method.REWARD):
        ways.insert(0, f"no method, which plans {best.upper()}")
    if not ways:
        return "Name another dataset: this one fits no method that I know."
    return f"Use {' or '.join(ways)} with this dataset, or name a dataset that has these columns."
