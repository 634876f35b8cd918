"""Hardware in words: what else a plan fits on, with times and prices, and what Hugging Face Jobs rents. Pure."""

from collections.abc import Sequence

from bot.models import Fit, Flavor, Plan, Run
from bot.states import RunStatus
from handlers.views import text

#: Offers of one answer.
_OFFERED = 4
#: Dearer or slower by less than this share is no difference to speak of.
_NOTABLY = 0.95
_NONE = {
    "bigger": "I know of no GPU with more memory on which it keeps its limits.",
    "faster": "I know of no hardware on which it would be notably faster within its limits.",
    "cheaper": "I know of no hardware on which it would be notably cheaper.",
    "": "I know of no other hardware that it fits on within its limits.",
}


def others_text(run: Run, wish: str) -> str:
    """Answer "use a bigger gpu": the next hardware that the plan fits on, to be chosen by its name.

    `wish` as `bot.intake.hardware.wish` reads it.
    """
    plan = run.plan
    if plan is None:
        return "There is no plan yet. It will choose the hardware and offer others."
    here = next((fit for fit in plan.fitting if fit.flavor == plan.flavor.name), None)
    memory = plan.flavor.vram_gb / plan.flavor.gpus if plan.flavor.gpu else plan.flavor.ram_gb
    now = (
        f"The plan is for {text.code(plan.flavor.name, 60)}: {_machine(plan.flavor.gpu, plan.flavor.gpus, memory)},"
        f" {text.about(plan.estimate.hours * 3600)}, {text.about_money(plan.estimate.cost_usd)}."
    )
    found = _found(plan, wish, here)
    if not found:
        return f"{now} {_NONE[wish]} {_everything()}"
    lines = [
        f"{text.code(fit.flavor, 60)}: {_machine(fit.gpu, fit.gpus, fit.memory_gb)} at {text.money(fit.price_usd_hour)}"
        f" an hour · {text.about(fit.hours * 3600)}, {text.about_money(fit.cost_usd)}"
        for fit in found[:_OFFERED]
    ]
    return f"{now} It also fits on:\n{text.listing(lines)}\n{_how(run, found[0].flavor)} {_everything()}"


def _found(plan: Plan, wish: str, here: Fit | None) -> list[Fit]:
    """What grants the wish, the nearest first."""
    others = [fit for fit in plan.fitting if fit.flavor != plan.flavor.name]
    hours, cost = (here.hours, here.cost_usd) if here else (plan.estimate.hours, plan.estimate.cost_usd)
    each = plan.flavor.vram_gb / plan.flavor.gpus if plan.flavor.gpu else 0.0
    match wish:
        case "bigger":
            larger = [fit for fit in others if fit.gpu and fit.memory_gb > each]
            return sorted(larger, key=lambda fit: (fit.gpus, fit.price_usd_hour))
        case "faster":
            return [fit for fit in others if fit.hours < _NOTABLY * hours]
        case "cheaper":
            return [fit for fit in others if fit.cost_usd < _NOTABLY * cost]
        case _:
            return others


def _machine(gpu: str | None, gpus: int, memory_gb: float) -> str:
    if gpu is None:
        return f"no GPU, {memory_gb:.0f} GB of memory"
    return (
        f"{f'{gpus} × ' if gpus > 1 else ''}{text.escape(gpu, 30)} with {memory_gb:.0f} GB{' each' if gpus > 1 else ''}"
    )


def _how(run: Run, name: str) -> str:
    use = text.code(f"use {name}", 80)
    if run.status in (RunStatus.RECEIVED, RunStatus.DRAFTING, RunStatus.PROPOSED):
        return f"Say which, such as {use}: the plan follows, and nothing runs before it is approved."
    if run.status is RunStatus.FAILED:
        return f"Say which, such as {text.code(f'retry on {name}', 80)}: I plan it anew, and nothing runs by itself."
    return "This run keeps its hardware. To have another, ask for a new run and name it there."


def _everything() -> str:
    return f"{text.code('/finetune help hardware')} lists everything that can be rented."


def flavors_text(flavors: Sequence[Flavor], read_on: str = "") -> str:
    """What Hugging Face Jobs rents, the cheapest first; `read_on`: the day of the prices where they are not today's."""
    lines = [
        f"{text.code(flavor.name, 60)} {_rented(flavor)} · {text.money(flavor.price_usd_hour)} an hour"
        for flavor in sorted(flavors, key=lambda flavor: (flavor.price_usd_hour, flavor.name))
    ]
    dated = (
        f" as published on {text.escape(read_on, 20)}; a plan shows today's" if read_on else ", billed by the minute"
    )
    return f"*To rent on Hugging Face Jobs* (prices{dated})\n{text.listing(lines, 2800)}"


def _rented(flavor: Flavor) -> str:
    memory = flavor.vram_gb / flavor.gpus if flavor.gpu else flavor.ram_gb
    return _machine(flavor.gpu, flavor.gpus, memory)
