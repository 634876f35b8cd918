"""From a request and facts to a plan; what two plans differ in.

Pure. The script's hash and the approval rule are added by whoever knows them.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from bot.amounts import about_money, ceiling, number, percent, typed_money
from bot.errors import Unclear, UserError
from bot.models import (
    Counted,
    DatasetInfo,
    Flavor,
    Method,
    ModelInfo,
    Option,
    Plan,
    TrainingRequest,
    Tuning,
)
from bot.models.request import HOW_SAID
from bot.planning.arguments import ASSUMED_ROWS, check_request
from bot.planning.candidates import Candidate, Task
from bot.planning.checks import Findings, make_checks
from bot.planning.choose import FULL_UP_TO, OPTIONS, Limits, choose, fewer_rows, offer
from bot.planning.formats import Verdict
from bot.planning.lengths import measure
from bot.planning.rewards import choose_rewards, is_ours
from bot.planning.samples import check_template, counted_lengths, example_of, take_sample
from bot.planning.spoken import choose_format
from bot.planning.unusual import unusual
from bot.rows import holds_messages

#: Repository names have at most this many characters on the Hub.
_LONGEST_NAME = 96
#: Default names that are tried: "name", "name-2", ... A team that has them all is asked for a name.
_DEFAULT_NAMES = 29
#: Longer rows are offered when more than the first share of the tokens is cut off, and keep all but the second.
_MUCH_CUT, _LITTLE_CUT = 0.1, 0.05
#: Optimizer steps after which rewards are said to rise (https://unsloth.ai/blog/r1-reasoning).
_TELLING_STEPS = 300
#: Tokens; for models that do not say how many they were made for. The longest that published recipes train on.
_LONGEST_ROW = 32_768


def make_plan(
    request: TrainingRequest,
    *,
    model: ModelInfo,
    dataset: DatasetInfo,
    flavors: Sequence[Flavor],
    namespace: str,
    taken: Collection[str] = (),
    existing_private: bool | None = None,
    counted: Counted | None = None,
    can_pay: bool = True,
    limits: Limits,
) -> Plan:
    """Plan the request. `taken` are repositories, with their namespace, that are known to exist.

    `existing_private`: whether the named output, which exists, is private; None: it is new, or nobody knows.
    `counted`: what the tokenizer made of the passages of `take_sample`; None: lengths are guessed.

    Raises:
        Unclear: nobody named the output, and all its default names are taken.
        UserError: the dataset does not fit the method, nothing fits the hardware or a limit, the request
            contradicts itself, the chat template refuses the rows, or what is private would go to a repository that
            everybody can read.
    """
    check_request(request)
    verdict = choose_format(request, model, dataset)
    assert verdict.mapping is not None
    rows = _rows(request, dataset)
    check_template(model, dataset, counted)
    lengths = counted_lengths(take_sample(model, dataset, verdict), counted)
    lengths = lengths or measure((*dataset.rows, *dataset.more_rows), verdict.mapping, verdict.method, model.vocab_size)
    task = Task(
        request=request,
        model=model,
        method=verdict.method,
        rows=rows if rows is not None else min(ASSUMED_ROWS, request.max_samples or ASSUMED_ROWS),
        lengths=lengths,
        startup_min=limits.startup_min,
    )
    choice = choose(task, flavors, limits)
    way = choice.best
    instead = (fewer_prompts if task.method is Method.GRPO else longer_rows)(task, flavors, limits, way)
    judged = choose_rewards(verdict.mapping, dataset.rows, request.reward) if verdict.method is Method.GRPO else None
    rewards, why_rewards = judged or ((), "")
    output, output_reason = _output(request, model, dataset, namespace, taken)
    overwrites = output in taken
    existing_private = existing_private if overwrites else None
    if existing_private is False:
        _check_publishable(output, model, dataset)
    wanted_private = request.private if request.private is not None else True
    said = frozenset(field for field, value in request if field not in HOW_SAID and value is not None)
    findings = Findings(
        model=model,
        dataset=dataset,
        split=dataset.rows_split,
        verdict=verdict,
        lengths=lengths,
        longer=instead if instead and instead.max_length else None,
        rows=rows,
        namespace=namespace,
        can_pay=can_pay,
        output_repo=output,
        output_exists=overwrites,
        wanted_private=wanted_private,
        existing_private=existing_private,
        save_steps=request.save_steps,
        unusual=tuple(unusual(request, model, verdict.method, way, rows)),
        said=said,
        reward_is_ours=is_ours(request.reward or ""),
    )
    return Plan(
        request=request,
        model=model,
        dataset=dataset.model_copy(update={"more_rows": ()}),
        split=dataset.rows_split,
        rows=rows,
        method=verdict.method,
        mapping=verdict.mapping,
        tuning=way.tuning,
        precision=way.precision,
        dtype=way.dtype,
        flavor=way.flavor,
        namespace=namespace,
        output_repo=output,
        private=wanted_private if existing_private is None else existing_private,
        overwrites=overwrites,
        arguments=way.arguments,
        estimate=way.estimate,
        processes=way.processes,
        sharding=way.sharding,
        eval_rows=way.eval_rows,
        timeout_s=way.timeout_s,
        ceiling_usd=way.ceiling_usd,
        checks=make_checks(findings, way),
        defaulted=_defaulted(request, model, dataset, verdict, way, output_reason, existing_private, choice.options)
        | ({"reward": why_rewards} if rewards and request.reward is None else {}),
        rewards=rewards,
        options=(*choice.options[: OPTIONS - 1], instead) if instead else choice.options,
        fitting=choice.fitting,
        dropped=choice.dropped,
        tokens=lengths.sample(way.arguments.max_length),
        example=example_of(counted),
    )


def longer_rows(task: Task, flavors: Sequence[Flavor], limits: Limits, way: Candidate) -> Option | None:
    """The same with rows long enough to keep nearly all tokens, where the plan cuts off a lot; None: it need not be.

    Where a limit of the person forbids that, as many rows as it allows.
    """
    lengths, cut_at = task.lengths, way.arguments.max_length
    if not lengths.measured or lengths.cut_share(cut_at) <= _MUCH_CUT:
        return None
    most = task.model.context_tokens or _LONGEST_ROW
    length = next((size for size in _powers_of_two(cut_at, most) if lengths.cut_share(size) <= _LITTLE_CUT), most)
    if length <= cut_at:
        return None
    packed = {"packing": True} if task.method is Method.SFT and task.request.packing is None else {}
    request = task.request.model_copy(update={"max_length": length, "hardware": None, **packed})
    longer = task.model_copy(update={"request": request})
    kept = f"keeps {percent(1 - lengths.cut_share(length))} of the tokens"
    try:
        return offer(choose(longer, flavors, limits).best, kept, max_length=length)
    except UserError:
        if enough := fewer_rows(longer, flavors, limits):
            return offer(enough[1], f"{kept}, with fewer rows", max_length=length, max_samples=enough[0])
        reason = "no hardware holds them within the limits"
        return Option(flavor=way.flavor.name, tuning=way.tuning, estimate=None, reason=reason, max_length=length)


def fewer_prompts(task: Task, flavors: Sequence[Flavor], limits: Limits, way: Candidate) -> Option | None:
    """GRPO on as many prompts as show whether it works, where the plan has far more and nobody said how many."""
    said = task.request
    named = said.max_steps or said.max_samples or said.sample_fraction or said.epochs
    if task.method is not Method.GRPO or named or way.estimate.steps < 2 * _TELLING_STEPS:
        return None
    rows = math.ceil(task.rows * _TELLING_STEPS / way.estimate.steps / 100) * 100
    request = said.model_copy(update={"max_samples": rows})
    try:
        best = choose(task.model_copy(update={"request": request, "rows": rows}), flavors, limits).best
    except UserError:
        return None
    return offer(best, f"{best.estimate.steps:,} steps show whether the rewards rise", max_samples=rows)


def switch_to(plan: Plan, option: Option) -> dict[str, Any]:
    """The changes of the request that make this option the plan."""
    changes: dict[str, Any] = {"hardware": option.flavor}
    if option.tuning is not plan.tuning:
        changes |= {"lora": option.tuning is not Tuning.FULL, "load_in_4bit": option.tuning is Tuning.QLORA}
    if option.max_length is not None:
        changes["max_length"] = option.max_length
        if plan.method is Method.SFT and plan.request.packing is None:
            changes["packing"] = True
    if option.max_samples is not None:
        changes["max_samples"] = option.max_samples
    return changes


def _powers_of_two(above: int, most: int) -> Iterator[int]:
    size = 1
    while (size := 2 * size) <= most:
        if size > above:
            yield size


def default_output_name(model_id: str, dataset_id: str, method: Method | None) -> str:
    """Name the output when nobody did: "Qwen3-0.6B-codeforces-cots-sft", without a namespace.

    `method` is the named one; None leaves it out, since the dataset has not decided yet.
    """
    parts = [model_id.rpartition("/")[2], dataset_id.rpartition("/")[2], *([method.value] if method else [])]
    return _clean("-".join(parts))[:_LONGEST_NAME].rstrip("-.")


def default_output_names(model_id: str, dataset_id: str, method: Method | None) -> list[str]:
    """The default name, then the same with -2, -3, ...: the first that is free is taken."""
    name = default_output_name(model_id, dataset_id, method)
    endings = ("", *(f"-{number}" for number in range(2, _DEFAULT_NAMES + 1)))
    return [name[: _LONGEST_NAME - len(ending)].rstrip("-.") + ending for ending in endings]


def _clean(name: str) -> str:
    """Keep what a repository name may hold: letters, digits, single - _ and dots; none of them at either end."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    name = re.sub(r"-{2,}", "-", re.sub(r"\.{2,}", ".", name)).strip("-.")
    return re.sub(r"\.git$", "-git", name) or "model"


def _output(
    request: TrainingRequest, model: ModelInfo, dataset: DatasetInfo, namespace: str, taken: Collection[str]
) -> tuple[str, str]:
    """The output repository and, when nobody named it, why it is called so."""
    if request.output_repo is not None:
        return request.output_repo if "/" in request.output_repo else f"{namespace}/{request.output_repo}", ""
    # the same names as the caller looked up: those of the request, where it has them
    names = default_output_names(request.model or model.repo_id, request.dataset or dataset.repo_id, request.method)
    free = next((name for name in names if f"{namespace}/{name}" not in taken), None)
    if free is None:
        raise Unclear(
            "What shall the new model be called?",
            f"{namespace} has {names[0]}, {names[1]} and so on up to {names[-1]} already."
            " Answer here with another name, such as output=my-model.",
            field="output_repo",
        )
    if free == names[0]:
        return f"{namespace}/{free}", "named after the model and the dataset"
    return f"{namespace}/{free}", f"{names[0]} exists already, so a number was added"


def _check_publishable(output: str, model: ModelInfo, dataset: DatasetInfo) -> None:
    """Refuse to train what is private into a repository that everybody can read already.

    Raises:
        UserError: the dataset or the base model is private.
    """
    private = next((it.repo_id for it in (dataset, model) if it.private), None)
    if private is not None:
        raise UserError(
            f"{output} exists and is public, but {private} is private: everybody could read what was learned from it.",
            "Name another output: a new repository is private unless you say public.",
        )


def _rows(request: TrainingRequest, dataset: DatasetInfo) -> int | None:
    """Rows that the script will train on; it takes the share first and the maximum then."""
    rows = dataset.splits.get(dataset.rows_split)
    if rows is None:
        return None
    if request.sample_fraction is not None:
        rows = max(1, round(rows * request.sample_fraction))
    return min(rows, request.max_samples) if request.max_samples is not None else rows


#: Choices that people most often want to change, in the order in which they are told.
_TELLING = (
    *("method", "chat_template", "hardware", "lora", "epochs", "max_length", "learning_rate"),
    *("output_repo", "private"),
)


def _defaulted(
    request: TrainingRequest,
    model: ModelInfo,
    dataset: DatasetInfo,
    verdict: Verdict,
    way: Candidate,
    output_reason: str,
    existing_private: bool | None,
    options: Sequence[Option],
) -> dict[str, str]:
    """Every field that the planner chose, with its reason; the choices that matter most come first."""
    # all weights in fp16 are cheaper at times, and never chosen
    below = any(it.estimate and it.estimate.cost_usd < way.estimate.cost_usd and "fp16" in it.reason for it in options)
    cheapest = "the cheapest that computes in bf16" if below and way.tuning is Tuning.FULL else "the cheapest that fits"
    why = {
        "method": f"what the dataset serves: {verdict.reason}",
        **({"chat_template": verdict.template} if verdict.template else {}),
        "dataset_config": "the only one" if len(dataset.configs) == 1 else "the default one",
        "split": "the one to train on",
        "hardware": cheapest if request.hardware is None else "the cheapest of this family",
        "lora": _tuning_reason(model, way),
        "output_repo": output_reason,
        "private": "until you say public" if existing_private is None else "as the repository is already",
    }
    named = {field: getattr(request, field) is not None for field in why}
    named["hardware"] = request.hardware == way.flavor.name
    named["lora"] = named["lora"] or request.load_in_4bit is True or request.lora_r is not None
    chosen = {field: reason for field, reason in why.items() if not named[field]} | way.defaulted
    first = [field for field in _TELLING if field in chosen]
    return {field: chosen[field] for field in dict.fromkeys((*first, *chosen))}


def _tuning_reason(model: ModelInfo, way: Candidate) -> str:
    match way.tuning:
        case Tuning.FULL:
            return f"up to {FULL_UP_TO / 1e9:g}B parameters all weights are trained"
        case Tuning.LORA if model.parameters > FULL_UP_TO:
            return f"LoRA above {FULL_UP_TO / 1e9:g}B parameters"
        case Tuning.LORA:
            return "LoRA, because training all weights does not fit the hardware or a limit"
        case Tuning.QLORA:
            return "QLoRA, because nothing larger fits the hardware or a limit"


_DIFFERENCES: tuple[tuple[str, Callable[[Plan], str]], ...] = (
    ("model", lambda plan: plan.model.repo_id),
    ("dataset", lambda plan: plan.dataset.repo_id),
    ("dataset configuration", lambda plan: plan.dataset.config),
    ("split", lambda plan: plan.split),
    ("rows", lambda plan: "unknown" if plan.rows is None else f"{plan.rows:,}"),
    ("method", lambda plan: plan.method.told),
    ("trains", lambda plan: plan.tuning.told),
    ("LoRA rank", lambda plan: _text(plan.arguments.lora_r, "none")),
    ("LoRA alpha", lambda plan: _text(plan.arguments.lora_alpha, "none")),
    ("LoRA dropout", lambda plan: _text(plan.arguments.lora_dropout, "none")),
    ("hardware", lambda plan: plan.flavor.name),
    ("precision", lambda plan: plan.precision),
    ("epochs", lambda plan: number(plan.arguments.num_train_epochs)),
    ("steps", lambda plan: f"{plan.estimate.steps:,}"),
    ("learning rate", lambda plan: number(plan.arguments.learning_rate)),
    ("batch size", lambda plan: str(plan.arguments.per_device_train_batch_size)),
    ("gradient accumulation", lambda plan: str(plan.arguments.gradient_accumulation_steps)),
    ("maximum length", lambda plan: f"{plan.arguments.max_length:,}"),
    ("answers per prompt", lambda plan: _text(plan.arguments.num_generations, "none")),
    ("chat template", lambda plan: "used" if holds_messages(plan.mapping, plan.dataset.features) else "not used"),
    ("rewards", lambda plan: ", ".join(plan.rewards) or "none"),
    ("rows held back to evaluate", lambda plan: str(plan.eval_rows)),
    ("GPUs", lambda plan: str(plan.processes)),
    ("beta", lambda plan: _text(plan.arguments.beta, "none")),
    ("schedule", lambda plan: plan.arguments.lr_scheduler_type),
    ("warm-up share", lambda plan: number(plan.arguments.warmup_ratio)),
    ("weight decay", lambda plan: number(plan.arguments.weight_decay)),
    ("optimizer", lambda plan: plan.arguments.optim),
    ("packing", lambda plan: "yes" if plan.arguments.packing else "no"),
    ("gradient checkpointing", lambda plan: "yes" if plan.arguments.activation_checkpointing else "no"),
    ("steps between saves", lambda plan: str(plan.arguments.save_steps)),
    ("seed", lambda plan: str(plan.arguments.seed)),
    ("temperature", lambda plan: _text(plan.request.temperature, "default")),
    ("output", lambda plan: plan.output_repo),
    ("visibility", lambda plan: "private" if plan.private else "public"),
    ("paid by", lambda plan: plan.namespace),
    ("budget", lambda plan: "none" if plan.request.budget_usd is None else typed_money(plan.request.budget_usd)),
    ("hours at most", lambda plan: _text(plan.request.max_hours, "no limit")),
    ("expected cost", lambda plan: about_money(plan.estimate.cost_usd)),
    ("cost at most", lambda plan: ceiling(plan.ceiling_usd)),
)


def plan_differences(old: Plan, new: Plan) -> list[tuple[str, str, str]]:
    """What changed, as (label, old text, new text); plain text."""
    pairs = [(label, read(old), read(new)) for label, read in _DIFFERENCES]
    return [(label, before, after) for label, before, after in pairs if before != after]


def _text(value: float | None, absent: str) -> str:
    return absent if value is None else number(value)
