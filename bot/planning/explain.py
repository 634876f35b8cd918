"""A plan in words: as lines for a terminal, and why it is as it is, with numbers, formulas and their sources.

Pure; plain text, which whoever shows it escapes. Computes nothing about the plan: all numbers come with it.
"""

from collections.abc import Iterator

from bot.amounts import (
    about,
    about_money,
    ceiling,
    duration,
    money,
    money_span,
    number,
    percent,
    rough,
    size,
    span,
    within,
)
from bot.models import Method, Option, Plan, TokenSample, Value

_PARTS = {
    "weights": "the model itself",
    "adapters": "the adapters, which are what LoRA trains",
    "gradients": "a gradient for each trained weight",
    "optimizer": "what the optimizer remembers of each trained weight",
    "reference": "the model as it was before, which DPO compares with",
    "activations": "what the layers keep until the gradients are computed",
    "loss": "the scores of all possible next tokens, in tiles",
    "working": "half precision copies, unpacked layers, and what several GPUs exchange",
    "generation": "the answers while they are written",
    "reserve": "what PyTorch's allocator holds beside what is used",
    "context": "CUDA itself and its libraries",
    "learned": "what past runs like this one needed beside that",
}
#: The same parts where there is no GPU.
_PARTS_OF_A_HOST = _PARTS | {
    "working": "unpacked layers and what else is copied",
    "context": "Python, PyTorch and its libraries",
}
#: The part that tells what nobody asked for.
CHOSEN = "Chosen for you"
_SOURCES = (
    "Memory: https://arxiv.org/abs/2205.05198 (activations), https://arxiv.org/abs/2305.14314 (4-bit),"
    " https://huggingface.co/docs/transformers/model_memory_anatomy",
    "Time: https://arxiv.org/abs/2001.08361, 6 operations a parameter and token, 8 with recomputation; the share of its"
    " peak that each kind of hardware reaches comes from published runs",
    "Prices: the Hub's own list, read for this plan; billing by the minute:"
    " https://huggingface.co/docs/hub/jobs-pricing",
)


class Reason(Value):
    """One part of the explanation."""

    title: str
    #: Sentences and sums, one a line.
    lines: tuple[str, ...]


def explain(plan: Plan) -> tuple[Reason, ...]:
    """Say why this plan, in the order in which it was made."""
    parts = (
        ("The model", _model(plan)),
        ("The data", _data(plan)),
        ("Tokens", _tokens(plan)),
        ("Memory", _memory(plan)),
        ("Time", _time(plan)),
        ("Cost", _cost(plan)),
        (CHOSEN, (f"{field.replace('_', ' ')}: {why}" for field, why in plan.defaulted.items())),
        ("Other ways", map(_option_line, plan.options)),
        ("Left out", map(_option_line, plan.dropped)),
        ("Sources", iter(_SOURCES)),
    )
    found = ((title, tuple(lines)) for title, lines in parts)
    return tuple(Reason(title=title, lines=lines) for title, lines in found if lines)


def plan_lines(plan: Plan, *, why: bool = True) -> list[str]:
    """The plan as plain lines for a terminal; `why` adds the explanation."""
    estimate = plan.estimate
    likely = money_span(estimate.cost_low_usd, estimate.cost_high_usd)
    rows = "an unknown number of rows" if plan.rows is None else f"{plan.rows:,} rows"
    lines = [
        f"{plan.method.told} of {plan.model.repo_id} on {plan.dataset.repo_id}"
        f" ({plan.dataset.config}, split {plan.split}, {rows})",
        f"  trains {plan.tuning.told} in {plan.precision} on {plan.flavor.name},"
        f" {estimate.steps:,} steps, {_epochs(plan)}, {rough(estimate.tokens)} tokens in all",
        f"  expected {about_money(estimate.cost_usd)}{f' ({likely})' if likely else ''},"
        f" {about(estimate.hours * 3600)} ({span(estimate.hours_low * 3600, estimate.hours_high * 3600)}),"
        f" start-up of about {estimate.startup_min:g} min included; {prediction(plan)}",
        f"  at most {ceiling(plan.ceiling_usd)}: the Hub stops the job after {duration(plan.timeout_s)}",
        f"  output {plan.output_repo} ({'private' if plan.private else 'public'}), paid by {plan.namespace}",
    ]
    marks = {"ok": "ok     ", "stop": "STOP   ", "warning": "WARNING", "info": "note   "}
    lines += ["Checks", *(f"  {marks[check.level]} {check.text}" for check in plan.checks)]
    if plan.example:
        lines += ["The first row as the trainer reads it", *(f"  | {line}" for line in plan.example.splitlines())]
    if not why:
        return lines
    lines.append("Why this plan")
    for reason in explain(plan):
        lines += [f"  {reason.title}", *(f"    {line}" for line in reason.lines)]
    return lines


def prediction(plan: Plan) -> str:
    """How far the numbers can be trusted: "predicted", or what they were learned from."""
    runs, expected = plan.estimate.learned_from, plan.estimate
    if not runs or expected.hours <= 0:
        return "a prediction: no run like this one is known yet"
    off = within(expected.hours_low / expected.hours, expected.hours_high / expected.hours)
    return f"predicted from {runs} past {'run' if runs == 1 else 'runs'}, {off}"


def _option_line(option: Option) -> str:
    """Another way in one line: "l40sx1, LoRA: ~$0.52, at most $1.90, about 1 h, 62 % of the memory (cheapest)"."""
    name = ", ".join(part for part in (option.flavor, option.tuning.told, option.told_work) if part)
    if option.estimate is None:
        return f"{name}: not possible ({option.reason})"
    estimate = option.estimate
    full = fit(estimate.memory_gib, estimate.usable_gib)
    cost = f"{about_money(estimate.cost_usd)}, at most {ceiling(option.ceiling_usd)}"
    return f"{name}: {cost}, {about(estimate.hours * 3600)}, {full} ({option.reason})"


def fit(needed_gib: float, usable_gib: float) -> str:
    """How full the memory gets."""
    return f"{percent(needed_gib / usable_gib)} of the memory" if usable_gib > 0 else "memory not known"


def _model(plan: Plan) -> Iterator[str]:
    model = plan.model
    yield (
        f"{model.repo_id} at commit {model.sha[:7]}: {model.parameters:,} parameters in {model.dtype}, by its"
        " safetensors metadata."
    )
    yield (
        f"{model.layers} layers of width {model.hidden_size:,}, {model.heads} heads ({model.kv_heads} for keys and"
        f" values), a vocabulary of {model.vocab_size:,}, by its config.json."
    )
    if model.experts:
        yield f"A mixture of {model.experts} experts, of which each token passes {model.experts_per_token}."
    if model.weight_bytes:
        yield f"The job downloads {size(model.weight_bytes)} of weights."


def _data(plan: Plan) -> Iterator[str]:
    rows = "an unknown number of rows" if plan.rows is None else f"{plan.rows:,} rows"
    yield f"Configuration {plan.dataset.config}, split {plan.split} at commit {plan.dataset.sha[:7]}: {rows}."
    if plan.eval_rows:
        yield f"{plan.eval_rows:,} of them are held back and evaluated."
    others = [name for name in plan.dataset.splits if name != plan.split]
    if others:
        yield f"Other splits, not used: {', '.join(others)}."


def _tokens(plan: Plan) -> Iterator[str]:
    sample = plan.tokens
    if sample is None:
        yield "No sample row could be read, so 512 tokens a row are assumed."
    else:
        yield from _sample(plan, sample)
    arguments, estimate = plan.arguments, plan.estimate
    batch = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps * plan.processes
    gpus = f" x {plan.processes} GPUs" if plan.processes > 1 else ""
    what = "answers" if plan.method is Method.GRPO else "rows"
    yield (
        f"{arguments.per_device_train_batch_size} {what} at a time x {arguments.gradient_accumulation_steps}{gpus}"
        f" = {batch} {what} an optimizer step; {estimate.steps:,} steps in {_epochs(plan)}."
    )
    yield f"In all {estimate.tokens:,} tokens are trained on."


def _sample(plan: Plan, sample: TokenSample) -> Iterator[str]:
    how = "counted with the model's own tokenizer" if sample.counted else "guessed from their characters"
    what = "prompts" if plan.method is Method.GRPO else "rows"
    yield (
        f"The first {sample.rows} {what}, {how}: {sample.mean:,.0f} tokens on average, half have up to"
        f" {sample.median:,}, 95 % up to {sample.p95:,}, the longest {sample.longest:,}."
    )
    if plan.method is Method.GRPO:
        yield f"Answers get up to {plan.arguments.max_length:,} tokens each."
    elif sample.tokens_cut > 0:
        yield (
            f"Cut at {plan.arguments.max_length:,} tokens: {percent(sample.tokens_cut)} of the tokens, in"
            f" {percent(sample.rows_cut)} of the rows."
        )
    else:
        yield f"None is longer than {plan.arguments.max_length:,} tokens, so nothing is cut."


def _memory(plan: Plan) -> Iterator[str]:
    estimate = plan.estimate
    where = f"one {plan.flavor.gpu}" if plan.flavor.gpu else "the machine"
    parts = _PARTS if plan.flavor.gpu else _PARTS_OF_A_HOST
    for name, gib in sorted(estimate.parts_gib.items(), key=lambda part: -part[1]):
        if gib >= 0.005:
            yield f"{gib:6.2f} GiB  {name}{f': {parts[name]}' if name in parts else ''}"
    yield (
        f"{estimate.memory_gib:6.2f} GiB  at the peak, of {estimate.usable_gib:.1f} GiB that {where} offers:"
        f" {fit(estimate.memory_gib, estimate.usable_gib)}."
    )
    if estimate.parts_gib:
        yield "These are the parts of the largest moment of a step; they add up to the peak."
    yield "A plan counts as fitting when 1.1 times its peak is there."


def _time(plan: Plan) -> Iterator[str]:
    estimate = plan.estimate
    training_s = max(0.0, estimate.hours * 3600 - estimate.startup_min * 60)
    if estimate.tokens_per_s:
        yield f"{estimate.tokens:,} tokens at about {estimate.tokens_per_s:,.0f} a second: {about(training_s)}."
    else:
        each = training_s / max(1, estimate.steps)
        yield f"{estimate.steps:,} steps of about {number(each)} s each: {about(training_s)}."
    yield (
        f"Start-up of about {estimate.startup_min:g} min comes first: the machine, the packages, the weights. In all"
        f" {about(estimate.hours * 3600)}, likely {span(estimate.hours_low * 3600, estimate.hours_high * 3600)}:"
        f" {prediction(plan)}."
    )


def _cost(plan: Plan) -> Iterator[str]:
    estimate, price = plan.estimate, plan.flavor.price_usd_hour
    minutes = round(estimate.cost_usd / price * 60) if price else round(estimate.hours * 60)
    likely = money_span(estimate.cost_low_usd, estimate.cost_high_usd) or money(estimate.cost_usd)
    yield (f"{minutes:,} begun minutes x {money(price)} an hour = {about_money(estimate.cost_usd)}; likely {likely}.")
    yield (
        f"Never more than {ceiling(plan.ceiling_usd)}: {duration(plan.timeout_s)} x {money(price)} an hour. The Hub"
        " stops the job then, and what was saved until then is on the Hub."
    )


def _epochs(plan: Plan) -> str:
    if plan.arguments.max_steps > 0:
        return "as many passes as that takes"
    count = plan.arguments.num_train_epochs
    return f"{number(count)} {'epoch' if count == 1 else 'epochs'}"
