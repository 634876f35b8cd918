"""The check list of a plan: what was looked at, and what a careful person would want to know before paying.

Pure. Sentences for people in plain text; decides nothing.
"""

from collections.abc import Iterator

from bot.amounts import about, ceiling, duration, money, percent, rough
from bot.models import Check, DatasetInfo, Method, ModelInfo, Option, Tuning, Value
from bot.planning.arguments import ASSUMED_ROWS, is_tiny
from bot.planning.candidates import Candidate
from bot.planning.checkpoints import MOST_CHECKPOINTS, checkpoints
from bot.planning.choose import FULL_UP_TO
from bot.planning.flavors import gpu_of
from bot.planning.formats import Verdict
from bot.planning.lengths import Lengths
from bot.rows import holds_messages

#: Below this share of cut tokens nobody needs to be told.
_CUT_SHARE = 0.02
#: GB of checkpoints below which nobody needs to be told.
_NOTABLE_GB = 1.0
#: Tokens of an answer; Qwen3's own advice for thinking is 32,768 (https://huggingface.co/Qwen/Qwen3-0.6B).
_THINKING = 4096
#: Time limits below so many times the upper estimate leave little room.
_ROOMY = 1.25
#: Fewer optimizer steps than this rarely change a model.
_FEW_STEPS = 20
#: Licenses that forbid or restrict, by their identifiers on the Hub; all others are only named.
_RESTRICTED = ("other", "cc-by-nc", "llama", "gemma", "openrail", "research", "unknown")
#: Fields that can be said but that no script carries out yet.
_NOT_YET = {
    "eval_split": "an evaluation split",
    "eval_steps": "evaluation while training",
    "reward": "a reward by name",
    "report_to": "reporting to another service",
}


class Findings(Value):
    """What the plan was made from, beside the candidate itself."""

    model: ModelInfo
    dataset: DatasetInfo
    split: str
    verdict: Verdict
    lengths: Lengths
    #: The same with longer rows, where the plan cuts off a lot; None: it does not, or there is no longer way.
    longer: Option | None = None
    #: None: the viewer does not know.
    rows: int | None
    namespace: str
    #: False: the Hub says that this wallet has no means of payment.
    can_pay: bool = True
    output_repo: str
    #: True: a repository of this name exists, and the person named it.
    output_exists: bool
    #: What was said, or else the default.
    wanted_private: bool
    #: Of the repository that exists; None: it is new, or the Hub does not say.
    existing_private: bool | None
    #: Steps between saves, as they were named.
    save_steps: int | None = None
    #: The reward that was named is one of the script's own.
    reward_is_ours: bool = False
    #: What is far from the usual, and what most likely happens.
    unusual: tuple[str, ...] = ()
    #: Fields of the request that were named.
    said: frozenset[str]


def make_checks(seen: Findings, way: Candidate) -> tuple[Check, ...]:
    """Write the whole list, in the order in which things would go wrong."""
    of_training = (_dataset, _size, _unusual, _cut, _memory, _thinking, _numbers)
    parts = (*of_training, _time, _money, _output, _storage, _licenses, _wishes)
    return tuple(check for part in parts for check in part(seen, way))


def _ok(text: str) -> Check:
    return Check(level="ok", text=text)


def _info(text: str) -> Check:
    return Check(level="info", text=text)


def _warning(text: str) -> Check:
    return Check(level="warning", text=text)


def _dataset(seen: Findings, _: Candidate) -> Iterator[Check]:
    plain = seen.verdict.mapping is not None and seen.verdict.mapping.unchanged
    fits = "as it is" if plain else "after a conversion in the script"
    yield _ok(f"The dataset fits {seen.verdict.method.told} {fits}. {seen.verdict.reason}")
    for text in seen.verdict.warnings:
        yield _warning(text)
    if not seen.dataset.rows:
        yield _warning("No sample row could be read: the format is judged by the names of the columns alone.")
    if seen.model.also_sees:
        yield _info(f"{seen.model.repo_id} also reads images or sound; it is trained on text alone.")
    if seen.verdict.template:
        used = "used" if _talks(seen) else "left out"
        yield _info(f"The model's chat template is {used}: {seen.verdict.template}.")
    if not seen.model.has_chat_template and _talks(seen):
        yield _warning(
            f"{seen.model.repo_id} has no chat template, and these rows are conversations: the script adds a plain one,"
            " in which each turn begins with its role. If the model has an -Instruct sibling on the Hub, use that: it"
            " knows turns already."
        )


def _talks(seen: Findings) -> bool:
    """Whether the trainer gets messages rather than texts: then the script adds a chat template where none is."""
    return seen.verdict.mapping is not None and holds_messages(seen.verdict.mapping, seen.dataset.features)


def _size(seen: Findings, way: Candidate) -> Iterator[Check]:
    estimate = way.estimate
    steps = f"about {rough(estimate.tokens)} tokens in {estimate.steps:,} optimizer steps"
    if seen.rows is None:
        yield _warning(
            f"The Hub does not know how many rows split {seen.split} has; time and cost assume {ASSUMED_ROWS:,}:"
            f" {steps}. The ceiling holds whatever the number is."
        )
    else:
        held = f", {way.eval_rows:,} of them held back to evaluate" if way.eval_rows else ""
        yield _ok(f"{seen.rows:,} rows of split {seen.split}{held}: {steps}.")
    if estimate.steps < _FEW_STEPS and not is_tiny(seen.model):
        yield _warning(f"Only {estimate.steps} optimizer steps: the model will hardly change. More epochs may help.")
    if "epochs" in seen.said and "max_steps" in seen.said:
        yield _info("Both epochs and steps were named: the trainer stops after the steps.")


def _unusual(seen: Findings, _: Candidate) -> Iterator[Check]:
    yield from map(_warning, seen.unusual)


def _cut(seen: Findings, way: Candidate) -> Iterator[Check]:
    if seen.verdict.method is Method.GRPO or not seen.lengths.measured:
        return
    length = way.arguments.max_length
    tokens, rows = seen.lengths.cut_share(length), seen.lengths.rows_cut(length)
    count = len(seen.lengths.sequences)
    how = "" if seen.lengths.counted else " (guessed from their characters, for lack of a tokenizer)"
    if tokens <= _CUT_SHARE:
        longest = f"{seen.lengths.longest:,} tokens"
        yield _ok(f"The {count} sample rows fit into {length:,} tokens{how}; the longest has {longest}.")
        return
    yield _warning(
        f"About {percent(tokens)} of the tokens are cut off at {length:,} tokens, in {percent(rows)} of the {count}"
        f" sample rows{how}: what a cut row ends with is never learned.{_longer(seen, way)}"
    )


def _longer(seen: Findings, way: Candidate) -> str:
    """What keeping more would take."""
    option = seen.longer
    if option is None or option.max_length is None:
        return " A larger max_length keeps more and costs more."
    kept = f"{option.max_length:,} tokens a row would keep {percent(1 - seen.lengths.cut_share(option.max_length))}"
    if option.estimate is None:
        return f" {kept}, but {option.reason}."
    where = f" on {option.flavor}" if option.flavor != way.flavor.name else ""
    cost = f"about {money(option.estimate.cost_usd)} and take {about(option.estimate.hours * 3600)}{where}"
    if option.max_samples is not None:
        return f" {kept}, which your limit allows for {option.max_samples:,} rows: that would cost {cost}."
    return f" {kept} and cost {cost}."


def _memory(seen: Findings, way: Candidate) -> Iterator[Check]:
    estimate, gpu = way.estimate, gpu_of(way.flavor)
    where = f"the {gpu.name}" if gpu else f"the memory of {way.flavor.name}"
    text = f"Needs about {estimate.memory_gib:.1f} GiB of the {estimate.usable_gib:.1f} GiB that {where} offers"
    if way.tight:
        yield _warning(f"{text}: that is tight, and it may run out of memory.")
    else:
        yield _ok(f"{text} (predicted).")
    if way.sharding != "none":
        how = (
            "each has a copy of the model and trains on rows of its own (DDP)"
            if way.sharding == "ddp"
            else "the model is shared out over them, since one does not hold it (FSDP)"
        )
        yield _info(f"{way.processes} GPUs: {how}. The memory above is that of one of them.")
    if gpu is not None and not gpu.known:
        yield _warning(f"{gpu.name} is new to me: its memory and speed are guesses.")
    stored = seen.model.parameters * (4 if seen.model.dtype == "float32" else 2) / 1e9
    if gpu is not None and stored * 1.2 > way.flavor.ram_gb:
        yield _warning(
            f"The weights ({stored:.0f} GB) hardly fit the {way.flavor.ram_gb:.0f} GB of host memory while they load."
        )
    context = seen.model.context_tokens
    if context and seen.verdict.method is not Method.GRPO and way.arguments.max_length > context:
        yield _warning(
            f"{seen.model.repo_id} was made for up to {context:,} tokens, and rows may have"
            f" {way.arguments.max_length:,}: beyond its limit it learns badly."
        )
    if way.tuning is Tuning.FULL and seen.model.parameters > FULL_UP_TO:
        yield _info("All weights are trained, as asked; LoRA would need a fraction of the memory.")


def _thinking(seen: Findings, way: Candidate) -> Iterator[Check]:
    # what the template writes when it asks for an answer: <think> stands there, or a switch that leaves it out
    _, asks, after = (seen.model.chat_template or "").rpartition("add_generation_prompt")
    length = way.arguments.max_length
    if seen.verdict.method is Method.GRPO and asks and "<think>" in after and length < _THINKING:
        yield _warning(
            f"{seen.model.repo_id} thinks before it answers, and {length:,} tokens often end in the middle of that,"
            f" where nothing earns a reward. max_length={_THINKING} gives it more room and takes"
            f" {_THINKING / length:.0f} times as long; a model that answers at once needs none of it."
        )


def _numbers(_: Findings, way: Candidate) -> Iterator[Check]:
    if way.precision == "fp16":
        weights = "4-byte weights" if way.dtype == "float32" else "2-byte weights"
        yield _info(f"{way.flavor.gpu} has no bfloat16: it computes in fp16 over {weights}.")


def _time(_: Findings, way: Candidate) -> Iterator[Check]:
    stop, longest = duration(way.timeout_s), way.estimate.hours_high * 3600
    if way.tightened and way.timeout_s < _ROOMY * longest:
        yield _warning(
            f"The Hub stops the job after {stop} to keep your limit, and it may well take {duration(longest)}: there is"
            " little room to spare. What is saved by then is kept."
        )
    elif way.tightened:
        yield _ok(f"The Hub stops the job after {stop}, which keeps your limit.")
    else:
        yield _ok(f"The Hub stops the job after {stop}: 1.5 times the upper estimate and 20 minutes, rounded up.")


def _money(seen: Findings, way: Candidate) -> Iterator[Check]:
    price = f"{money(way.flavor.price_usd_hour)} an hour"
    yield _ok(f"{seen.namespace} pays: {price}, at most {ceiling(way.ceiling_usd)} until the job is stopped.")
    if not seen.can_pay:
        yield no_payment(seen.namespace)


def no_payment(namespace: str) -> Check:
    """Say that a wallet is empty, by the Hub's word."""
    return _warning(
        f"The Hub says that {namespace} has no means of payment: without prepaid credits the job will not"
        " start. Add some at https://huggingface.co/settings/billing."
    )


def _output(seen: Findings, _: Candidate) -> Iterator[Check]:
    if seen.output_exists:
        yield _warning(
            f"{seen.output_repo} exists already: its files would get a new version, so an approver must agree who did"
            f" not ask for it. To keep it as it is, name another, such as {seen.output_repo}-2."
        )
        yield from _visibility(seen)
    else:
        yield _ok(f"The repository {seen.output_repo} is new.")
    owner = seen.output_repo.partition("/")[0]
    if owner != seen.namespace:
        yield _info(f"{seen.namespace} pays, and the model goes to {owner}.")


def _visibility(seen: Findings) -> Iterator[Check]:
    """A push never changes who can read a repository that exists."""
    match seen.existing_private:
        case None:
            yield _warning(f"The Hub does not say who can read {seen.output_repo}; a training does not change that.")
        case False if seen.wanted_private:
            yield _warning(f"{seen.output_repo} is public: everybody can read the new model, too.")
        case True if not seen.wanted_private:
            yield _warning(f"{seen.output_repo} is private and stays so: change that on the Hub to publish the model.")
        case _:
            pass


def _storage(seen: Findings, way: Candidate) -> Iterator[Check]:
    """What the checkpoints take on the Hub, where it is worth knowing."""
    count, each = checkpoints(way.estimate.steps, way.arguments.save_steps), way.stored.checkpoint / 1e9
    if seen.save_steps is not None and seen.save_steps < way.arguments.save_steps:
        yield _warning(
            f"You asked for a save every {seen.save_steps:,} steps. A run makes at most {MOST_CHECKPOINTS} checkpoints,"
            f" since the Hub stores each of them, so it saves every {way.arguments.save_steps:,} steps."
        )
    if count * each >= _NOTABLE_GB:
        after = "stay in the history of the repository" if seen.output_exists else "are removed once the model is there"
        yield _info(f"{count} checkpoints of about {each:,.1f} GB each go to the Hub while it trains; they {after}.")


def _licenses(seen: Findings, _: Candidate) -> Iterator[Check]:
    for what, it in (("model", seen.model), ("dataset", seen.dataset)):
        if it.license is None:
            yield _info(f"The card of the {what} names no license.")
        elif it.license.startswith(_RESTRICTED):
            yield _warning(f"The {what}'s license is {it.license}: read what it allows before you publish the result.")
        else:
            yield _info(f"The {what}'s license is {it.license}.")
        if it.gated:
            yield _info(f"The {what} is gated, and our token has access.")


def _wishes(seen: Findings, way: Candidate) -> Iterator[Check]:
    method = seen.verdict.method
    for field, what in _NOT_YET.items():
        if field in seen.said and not (field == "reward" and seen.reward_is_ours):
            yield _warning(f"You asked for {what} ({field}); the script does not do that yet.")
    other = {
        "beta": method is not Method.SFT,
        "packing": method is Method.SFT,
        "num_generations": method is Method.GRPO,
        "temperature": method is Method.GRPO,
    }
    if "chat_template" in seen.said and not seen.verdict.template:
        why = "messages go through one, and nothing else does" if _talks(seen) else "no chat template is in play here"
        yield _warning(f"chat_template has no meaning for these rows: {why}.")
    for field, used in other.items():
        if field in seen.said and not used:
            yield _warning(f"{field} has no meaning for {method.told} and is left out.")
    if way.arguments.packing and method is Method.SFT:
        yield _info("Short rows are packed together, so there are fewer and fuller steps.")
