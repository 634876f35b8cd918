"""What one click can do about a run that failed: differences to its plan, the mildest first, each with its dollars.

Pure. A difference never touches the method, the data or the length of a row; everything that is not named in it stays
as the failed plan had it. What would not make a plan is not offered.
"""

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from bot.errors import UserError
from bot.models import Flavor, Plan, Remedy, TrainingRequest, Tuning
from bot.planning.arguments import ASSUMED_ROWS
from bot.planning.candidates import Task, number_formats
from bot.planning.choose import Limits, choose
from bot.planning.flavors import gpu_of
from bot.planning.lengths import measure

Changes = dict[str, str | int | float | bool]
#: Another machine has at least so many times what was full.
_ROOM = 1.3
#: A disk fills in jumps, a checkpoint at a time.
_DISK_ROOM = 2.0


def remedies(kind: str, plan: Plan, flavors: Sequence[Flavor], limits: Limits) -> tuple[Remedy, ...]:
    """The ways out of this kind of failure; empty: nothing that a difference to the plan would mend."""
    make = _MAKERS.get(kind)
    if make is None:
        return ()
    pricing = _Pricing(plan, flavors, limits)
    found = []
    for key, label, changes in make(plan, flavors):
        if (cost := pricing.cost_usd(changes)) is not None:
            found.append(Remedy(key=key, label=label, changes=changes, cost_usd=round(cost, 6)))
    return tuple(found)


_Offer = tuple[str, str, Changes]


def _out_of_memory(plan: Plan, flavors: Sequence[Flavor]) -> list[_Offer]:
    """The ladder: the same steps in smaller pieces, recomputing, fewer trained weights, a larger GPU."""
    arguments, here = plan.arguments, plan.flavor.name
    batch, accum = arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps
    offers: list[_Offer] = []
    if batch > 1:
        smaller = batch // 2
        # the same rows in each optimizer step, or a few more where the batch was odd
        more = -(-batch * accum // smaller)
        changes: Changes = {"hardware": here, "batch_size": smaller, "grad_accum": more}
        offers.append(("batch", f"Batch {smaller}, accumulation {more}", changes))
    if not arguments.activation_checkpointing:
        changes = {"hardware": here, "batch_size": batch, "grad_accum": accum, "gradient_checkpointing": True}
        offers.append(("checkpointing", "Gradient checkpointing", changes))
    if plan.tuning is Tuning.FULL:
        offers.append(("lora", "LoRA", {"hardware": here, "lora": True, "load_in_4bit": False}))
    if plan.tuning is not Tuning.QLORA and _has_bf16(plan):
        offers.append(("qlora", "4-bit LoRA (QLoRA)", {"hardware": here, "lora": True, "load_in_4bit": True}))
    return offers + _moves(plan, flavors, lambda flavor: flavor.vram_gb / max(1, flavor.gpus), _ROOM)


def _host_memory(plan: Plan, flavors: Sequence[Flavor]) -> list[_Offer]:
    return _moves(plan, flavors, lambda flavor: flavor.ram_gb, _ROOM)


def _disk(plan: Plan, flavors: Sequence[Flavor]) -> list[_Offer]:
    return _moves(plan, flavors, lambda flavor: flavor.disk_gb, _DISK_ROOM)


def _not_a_number(plan: Plan, flavors: Sequence[Flavor]) -> list[_Offer]:
    """A tenth of the learning rate; and hardware with bfloat16 where half precision may be the reason."""
    offers: list[_Offer] = []
    rate = float(f"{plan.arguments.learning_rate / 10:.3g}")
    if plan.precision == "fp16":
        offers += _moves(plan, flavors, lambda flavor: 2.0 if _is_bf16(flavor, plan) else 1.0, _ROOM, "with bf16")
    offers.append(("rate", f"Learning rate {rate:g}", {"hardware": plan.flavor.name, "learning_rate": rate}))
    return offers


def _too_slow(plan: Plan, _: Sequence[Flavor]) -> list[_Offer]:
    """More time where a person limited it, and the faster hardware that the plan offered."""
    offers: list[_Offer] = []
    if plan.request.max_hours is not None:
        hours = round(2 * plan.request.max_hours, 2)
        offers.append(("time", f"Up to {hours:g} hours", {"hardware": plan.flavor.name, "max_hours": hours}))
    faster = [
        option
        for option in plan.options
        if option.estimate is not None and option.is_same_work and option.estimate.hours < plan.estimate.hours
    ]
    if faster:
        option = min(faster, key=lambda one: one.estimate.cost_usd if one.estimate else 0.0)
        offers.append(("flavor", f"Run on {option.flavor}", _on(option.flavor, plan)))
    return offers


def _moves(
    plan: Plan, flavors: Sequence[Flavor], size: Callable[[Flavor], float], room: float, why: str = ""
) -> list[_Offer]:
    """The cheapest hardware that has so much more of what was full, with as many GPUs."""
    larger = [
        flavor
        for flavor in flavors
        if size(flavor) >= room * size(plan.flavor)
        and flavor.gpus == plan.flavor.gpus
        and flavor.name != plan.flavor.name
    ]
    larger.sort(key=lambda flavor: (flavor.price_usd_hour, flavor.name))
    label = f" {why}" if why else ""
    return [("flavor", f"Run on {flavor.name}{label}", _on(flavor.name, plan)) for flavor in larger[:1]]


def _on(flavor: str, plan: Plan) -> Changes:
    """Which weights are trained stays as it was when only the hardware changes."""
    return {"hardware": flavor, "lora": plan.tuning is not Tuning.FULL, "load_in_4bit": plan.tuning is Tuning.QLORA}


def _has_bf16(plan: Plan) -> bool:
    return _is_bf16(plan.flavor, plan)


def _is_bf16(flavor: Flavor, plan: Plan) -> bool:
    return gpu_of(flavor) is not None and number_formats(plan.model, flavor, plan.tuning)[0] == "bf16"


_MAKERS: Mapping[str, Callable[[Plan, Sequence[Flavor]], list[_Offer]]] = {
    "cuda_oom": _out_of_memory,
    "host_oom": _host_memory,
    "disk_full": _disk,
    "nan_loss": _not_a_number,
    "job_timeout": _too_slow,
    "stopped_at_deadline": _too_slow,
}


class _Pricing:
    """What the same plan would cost with a difference, in the proportion that the planner gives to both.

    The rows are measured again from the sample that the plan keeps, without the tokenizer: only the proportion counts.
    """

    def __init__(self, plan: Plan, flavors: Sequence[Flavor], limits: Limits) -> None:
        self._plan = plan
        self._flavors = flavors
        self._limits = limits
        self._lengths = measure(plan.dataset.rows, plan.mapping, plan.method, plan.model.vocab_size)
        arguments = plan.arguments
        same = _on(plan.flavor.name, plan)
        same["batch_size"] = arguments.per_device_train_batch_size
        same["grad_accum"] = arguments.gradient_accumulation_steps
        counted = self._counted_usd(same)
        # what goes on from a checkpoint was priced for its rest, and a run with a difference starts from the beginning
        self._factor = plan.estimate.cost_usd / counted if counted and plan.resume is None else 1.0

    def cost_usd(self, changes: Changes) -> float | None:
        """About; None: there is no such plan."""
        counted = self._counted_usd(changes)
        return None if counted is None else self._factor * counted

    def _counted_usd(self, changes: Changes) -> float | None:
        plan = self._plan
        try:
            request = TrainingRequest.model_validate(plan.request.model_dump() | changes)
        except ValidationError:
            return None
        rows = plan.rows if plan.rows is not None else min(ASSUMED_ROWS, request.max_samples or ASSUMED_ROWS)
        task = Task(
            request=request,
            model=plan.model,
            method=plan.method,
            rows=rows,
            lengths=self._lengths,
            startup_min=plan.estimate.startup_min,
        )
        try:
            return choose(task, self._flavors, self._limits).best.estimate.cost_usd
        except UserError:
            return None
