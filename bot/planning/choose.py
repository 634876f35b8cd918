"""Which hardware, and which weights to train: every way is tried, what fits is ranked by its price.

Pure. Whatever the person fixed stays fixed; when it cannot be kept, a UserError says so with the numbers.
"""

from collections.abc import Sequence

from bot.amounts import about, about_money, apart, ceiling, duration, money, rough, to_the_second, typed_money
from bot.errors import UserError
from bot.models import Estimate, Fit, Flavor, Option, PastRun, Tuning, Value
from bot.planning.arguments import batch_sizes
from bot.planning.candidates import Candidate, Task, count_out, too_big
from bot.planning.learning import learn
from bot.planning.price import ceiling_usd, tightest_timeout
from bot.planning.speed import STARTUP_MIN
from bot.planning.workload import Sharding

#: Up to this many parameters all weights are trained unless somebody says otherwise; above it LoRA. The rule of the
#: Hugging Face trainer agent that Tunesmith grew from ("1-3B: full, 3-7B: LoRA"); 3B models count up to 3.3 billion.
FULL_UP_TO = 3_500_000_000
#: A CPU is offered on its own only for jobs up to this many hours: dollars would favour it for jobs that never end.
_CPU_HOURS = 1.0
#: "Balanced" and "fastest" may cost this many times the cheapest.
_BALANCED_COST, _FASTEST_COST = 1.5, 4.0
#: Adapters instead of all weights are offered where nobody named either and they cost less than this share.
_WORTH_LORA = 0.7
#: Of the rows, when not all can be trained on within a limit.
_SHARES = (0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.02)
#: Other ways that a plan offers at most.
OPTIONS = 3
#: A way that is not cheaper, faster or capped lower by this factor is no offer, and neither is one that saves less than
#: so many dollars or hours.
_CHEAPER, _FASTER, _SAFER = 0.9, 0.8, 0.8
_WORTH_USD, _WORTH_HOURS = 0.05, 5 / 60
#: What takes a half of the time may cost this many times the double.
_FAIR = 1.5


class Limits(Value):
    """What no plan may exceed, whoever approves it."""

    max_ceiling_usd: float
    #: What a job takes to start here; STARTUP_MIN is what to assume before it was measured.
    startup_min: float = STARTUP_MIN
    #: Larger models are not trained here, billions of parameters; None: any size that some hardware holds.
    max_model_billions: float | None = None
    #: Finished runs to learn from.
    past: tuple[PastRun, ...] = ()


class Choice(Value):
    """The way that is proposed, the others that are offered, and the ones that are out."""

    best: Candidate
    options: tuple[Option, ...]
    #: All hardware that does it with the same tuning, cheapest first.
    fitting: tuple[Fit, ...]
    dropped: tuple[Option, ...]


def choose(task: Task, flavors: Sequence[Flavor], limits: Limits) -> Choice:
    """Find the cheapest way that fits and keeps all limits; several GPUs only where one does not do.

    Raises:
        UserError: unknown hardware, a model above the team's cap, or nothing fits; says what was needed and what would
            do.
    """
    _check_size(task, limits)
    named = _named_flavors(task.request.hardware, flavors)
    groups = _preferences(task)
    for pool in (_single(named), [flavor for flavor in named if flavor.gpus > 1]):
        for tunings in groups:
            everything = [_candidate(task, flavor, tuning, limits) for tuning in tunings for flavor in pool]
            fitting = [candidate for candidate in everything if candidate.problem is None]
            if fitting:
                return _choice(task, _rank(fitting)[0], flavors, limits)
    raise _nothing_fits(task, named, flavors, limits)


def _choice(task: Task, best: Candidate, flavors: Sequence[Flavor], limits: Limits) -> Choice:
    """Look at all other hardware for the same kind of tuning."""
    free = _without_hardware(task)
    others = [_candidate(free, flavor, best.tuning, limits) for flavor in flavors]
    in_, out = [way for way in others if not way.problem], [way for way in others if way.problem]
    lora = _lora_instead(free, best, flavors, limits)
    return Choice(
        best=best,
        options=_options(best, [best, *in_], lora),
        fitting=tuple(map(_fit, sorted(in_, key=lambda way: (way.estimate.cost_usd, way.estimate.hours)))),
        dropped=tuple(map(_dropped, out)),
    )


def _lora_instead(task: Task, best: Candidate, flavors: Sequence[Flavor], limits: Limits) -> Candidate | None:
    """The cheapest way with adapters, where all weights are trained because nobody said otherwise."""
    if best.tuning is not Tuning.FULL or len(_preferences(task)) == 1:
        return None
    ways = [_candidate(task, flavor, Tuning.LORA, limits) for flavor in _single(flavors)]
    fitting = _rank([way for way in ways if way.problem is None])
    cheap = fitting and fitting[0].estimate.cost_usd < _WORTH_LORA * best.estimate.cost_usd
    return fitting[0] if cheap and _saves(fitting[0], best.estimate) else None


def fitting_ways(task: Task, flavors: Sequence[Flavor], limits: Limits) -> list[Candidate]:
    """Every way that keeps all limits, whatever hardware and tuning were named; cheapest first."""
    free = _without_hardware(task)
    ways = [_candidate(free, flavor, tuning, limits) for flavor in flavors for tuning in Tuning]
    return _rank([way for way in ways if way.problem is None])


def _check_size(task: Task, limits: Limits) -> None:
    """Keep the team's own cap on the size of models.

    Raises:
        UserError: the model is larger.
    """
    most, size = limits.max_model_billions, task.model.parameters
    if most is not None and size > most * 1e9:
        has, allowed = apart(size, most * 1e9, rough, lambda count: f"{count / 1e9:g}B")
        raise UserError(
            f"{task.model.repo_id} has {has} parameters; this team trains models up to {allowed}.",
            "Use a smaller model, or ask whoever runs Tunesmith to raise the limit.",
        )


def _without_hardware(task: Task) -> Task:
    return task.model_copy(update={"request": task.request.model_copy(update={"hardware": None})})


def _preferences(task: Task) -> list[list[Tuning]]:
    """Kinds of tuning to try, in order; the next one only when nothing of the one before fits.

    4-bit weights save memory and cost time (QLoRA reaches 0.5 to 0.9 of LoRA's tokens a second in published runs), so
    they come last.
    """
    request = task.request
    if request.load_in_4bit:
        return [[Tuning.QLORA]]
    lora_named = request.lora or any(
        value is not None for value in (request.lora_r, request.lora_alpha, request.lora_dropout)
    )
    if lora_named:
        return [[Tuning.LORA]] if request.load_in_4bit is False else [[Tuning.LORA], [Tuning.QLORA]]
    if request.lora is False:
        return [[Tuning.FULL]]
    lora = [[Tuning.LORA]] if request.load_in_4bit is False else [[Tuning.LORA], [Tuning.QLORA]]
    return [[Tuning.FULL], *lora] if task.model.parameters <= FULL_UP_TO else lora


def _named_flavors(hardware: str | None, flavors: Sequence[Flavor]) -> list[Flavor]:
    """The flavors that a name means: one of them, or a family. Without a name: all of them.

    A family stands for its flavors with one GPU, since several were not asked for.
    """
    if hardware is None:
        return list(flavors)
    wanted = _squeeze(hardware)
    exact = [flavor for flavor in flavors if _squeeze(flavor.name) == wanted]
    if exact:
        return exact
    family = [flavor for flavor in flavors if wanted and wanted in (_family(flavor.name), _squeeze(flavor.gpu))]
    found = family or [flavor for flavor in flavors if wanted and _squeeze(flavor.name).startswith(wanted)]
    if not found:
        names = ", ".join(flavor.name for flavor in flavors)
        raise UserError(f"There is no hardware named `{hardware}` on Hugging Face Jobs.", f"Choose one of {names}.")
    return _single(found) or found


def _single(flavors: Sequence[Flavor]) -> list[Flavor]:
    return [flavor for flavor in flavors if flavor.gpus <= 1]


def _squeeze(name: str | None) -> str:
    return "".join(ch for ch in (name or "").lower() if ch.isalnum())


def _family(name: str) -> str:
    return _squeeze(name.split("-")[0])


def _candidate(task: Task, flavor: Flavor, tuning: Tuning, limits: Limits) -> Candidate:
    """Plan it on this hardware: on each GPU a copy of the model if one fits, else shared out."""
    ways: tuple[Sharding, ...] = ("ddp", "fsdp") if flavor.gpus > 1 else ("none",)
    found = [_largest_batch(task, flavor, tuning, sharding, limits) for sharding in ways]
    way = next((each for each in found if each.problem is None), found[-1])
    return way if way.problem else _within(task, way, limits)


def _largest_batch(task: Task, flavor: Flavor, tuning: Tuning, sharding: Sharding, limits: Limits) -> Candidate:
    """The largest micro-batch that fits well."""
    lesson = learn(limits.past, task.model, task.method, tuning, flavor.name)
    found: Candidate | None = None
    processes = flavor.gpus if sharding != "none" else 1
    for batch in batch_sizes(task.request, task.method, processes):
        found = count_out(task, flavor, tuning, batch, sharding=sharding, lesson=lesson)
        if found.problem is None and not found.tight:
            break
    assert found is not None
    if found.problem is None and found.tight and task.request.hardware is None:
        return found.model_copy(update={"problem": too_big(found), "impossible": True})
    return found


def _within(task: Task, candidate: Candidate, limits: Limits) -> Candidate:
    """Keep the limits, with a tighter timeout where that is enough; else say which one breaks."""
    request, flavor, high = task.request, candidate.flavor, candidate.estimate.hours_high
    if flavor.gpu is None and request.hardware is None and candidate.estimate.hours > _CPU_HOURS:
        return candidate.model_copy(update={"problem": f"would take {candidate.estimate.hours:,.0f} h without a GPU"})
    allowed = candidate.timeout_s
    if request.max_hours is not None:
        allowed = min(allowed, int(request.max_hours * 3600))
    dollars = min(limits.max_ceiling_usd, request.budget_usd or limits.max_ceiling_usd)
    if flavor.price_usd_hour > 0:
        # the Hub bills whole minutes
        allowed = min(allowed, int(dollars / flavor.price_usd_hour * 60 + 1e-9) * 60)
    if allowed == candidate.timeout_s:
        return candidate
    tightest = tightest_timeout(high, candidate.stored.model)
    if allowed >= tightest:
        cost = ceiling_usd(flavor.price_usd_hour, allowed)
        return candidate.model_copy(update={"timeout_s": allowed, "ceiling_usd": cost, "tightened": True})
    if request.max_hours is not None and request.max_hours * 3600 < tightest:
        needed, given = apart(tightest, request.max_hours * 3600, duration, to_the_second)
        problem = f"needs a time limit of {needed} or more, and {given} is allowed"
    else:
        tight = ceiling_usd(flavor.price_usd_hour, tightest)
        whose = (
            "your budget" if request.budget_usd and request.budget_usd <= limits.max_ceiling_usd else "the team's cap"
        )
        problem = f"can cost up to {ceiling(tight)}, more than {whose} of {typed_money(dollars)}"
    return candidate.model_copy(update={"problem": problem})


def _rank(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Cheapest first, to two digits since no prediction is better than that, and no begun minute; then the fastest.

    All weights in fp16 come last: that needs twice the memory and a loss scaler, and bfloat16 needs neither.
    """

    def key(way: Candidate) -> tuple[bool, float, float]:
        scaled = way.tuning is Tuning.FULL and way.precision == "fp16"
        cost = way.flavor.price_usd_hour * max(way.estimate.hours, 1 / 60)
        return scaled, float(f"{cost:.2g}"), way.estimate.hours

    return sorted(candidates, key=key)


def _options(best: Candidate, fitting: Sequence[Candidate], lora: Candidate | None) -> tuple[Option, ...]:
    """At most three other ways: cheapest, fast for its price, fastest, least to lose; or adapters for the last."""
    pool = sorted(fitting, key=lambda way: (way.estimate.cost_usd, way.estimate.hours))
    least = max(0.01, pool[0].estimate.cost_usd)

    def quickest(cost: float) -> Candidate:
        near = [way for way in pool if way.estimate.cost_usd <= cost * least]
        return min(near, key=lambda way: way.estimate.hours)

    cheapest, balanced, fastest = pool[0], quickest(_BALANCED_COST), quickest(_FASTEST_COST)
    beaten = lora is not None and lora.estimate.cost_usd < cheapest.estimate.cost_usd
    most, less = f"cheapest that trains {best.tuning.told}" if beaten else "cheapest", _saves(cheapest, best.estimate)
    safest = min(pool, key=lambda way: (way.ceiling_usd, way.estimate.hours))
    offers = (
        (cheapest, most if less else "as cheap, and faster", _is_cheaper(cheapest, best) or _is_faster(cheapest, best)),
        (balanced, "balanced" if balanced is not fastest else "fastest", _is_faster(balanced, best)),
        (fastest, "fastest", _is_faster(fastest, best)),
        (safest, most if safest is cheapest and less else "lowest maximum", _is_safer(safest, best)),
    )
    rows: dict[str, Option] = {}
    for way, why, notable in offers:
        if notable and way.flavor.name != best.flavor.name:
            rows.setdefault(way.flavor.name, offer(way, f"{why}{_in_half(way, best)}"))
    found = list(rows.values())[:OPTIONS]
    if lora is not None and all(option.estimate and _saves(lora, option.estimate) for option in found):
        found = [*found[: OPTIONS - 1], offer(lora, f"cheaper, and trains adapters only{_in_half(lora, best)}")]
    return tuple(found)


def _saves(way: Candidate, other: Estimate) -> bool:
    """Whether the price as it is shown is lower."""
    cost, others = way.estimate.cost_usd, other.cost_usd
    return cost < others and money(cost) != money(others)


def _is_cheaper(way: Candidate, best: Candidate) -> bool:
    """Whether the difference is worth a line."""
    cost, at_best = way.estimate.cost_usd, best.estimate.cost_usd
    return cost < _CHEAPER * at_best and at_best - cost >= _WORTH_USD


def _is_faster(way: Candidate, best: Candidate) -> bool:
    """The same for time, which must not cost out of proportion."""
    hours, at_best = way.estimate.hours, best.estimate.hours
    if hours >= _FASTER * at_best or at_best - hours < _WORTH_HOURS:
        return False
    return way.estimate.cost_usd <= _FAIR * at_best / hours * max(_WORTH_USD, best.estimate.cost_usd)


def _is_safer(way: Candidate, best: Candidate) -> bool:
    """The same for what is lost when everything goes wrong."""
    return way.ceiling_usd <= min(_SAFER * best.ceiling_usd, best.ceiling_usd - _WORTH_USD)


def _in_half(way: Candidate, best: Candidate) -> str:
    """What a cheap old GPU costs beside time."""
    return ", but in fp16" if way.precision == "fp16" != best.precision else ""


def offer(way: Candidate, why: str, *, max_length: int | None = None, max_samples: int | None = None) -> Option:
    """A way that can be had, as the plan offers it; with what choosing it changes beside the hardware."""
    return Option(
        flavor=way.flavor.name,
        tuning=way.tuning,
        estimate=way.estimate,
        reason=why,
        max_length=max_length,
        max_samples=max_samples,
        ceiling_usd=way.ceiling_usd,
    )


def _fit(way: Candidate) -> Fit:
    flavor = way.flavor
    return Fit(
        flavor=flavor.name,
        gpu=flavor.gpu,
        gpus=flavor.gpus,
        memory_gb=flavor.vram_gb / flavor.gpus if flavor.gpu else flavor.ram_gb,
        price_usd_hour=flavor.price_usd_hour,
        hours=way.estimate.hours,
        cost_usd=way.estimate.cost_usd,
    )


def _dropped(candidate: Candidate) -> Option:
    reason = candidate.problem or ""
    return Option(flavor=candidate.flavor.name, tuning=candidate.tuning, estimate=None, reason=reason)


def _nothing_fits(task: Task, named: Sequence[Flavor], flavors: Sequence[Flavor], limits: Limits) -> UserError:
    """Say what came closest and what would do instead."""
    tunings = [tuning for group in _preferences(task) for tuning in group]
    tried = [_candidate(task, flavor, tuning, limits) for tuning in tunings for flavor in named]
    limited = [way for way in tried if not way.impossible]
    told = "; ".join(f"{way.tuning.told} on {way.flavor.name}: {way.problem}" for way in _closest(tried))
    size = f"{rough(task.model.parameters)} parameters"
    problem = f"{task.method.told} of {task.model.repo_id} ({size}) cannot be done so: {told}."
    names = {flavor.name for flavor in named}
    ways = fitting_ways(task, flavors, limits)
    others = [way for way in ways if way.flavor.name not in names or way.tuning not in tunings]
    if others:
        told = " or ".join(
            f"{way.tuning.told} on {way.flavor.name}"
            f" ({about_money(way.estimate.cost_usd)}, {about(way.estimate.hours * 3600)})"
            for way in _distinct(others)
        )
        return UserError(problem, f"What would do: {told}.")
    if limited:
        less = "fewer epochs, max_samples=..., a shorter max_length"
        if (enough := fewer_rows(task, [way.flavor for way in limited], limits)) is not None:
            rows, way = enough
            cost = f"{about_money(way.estimate.cost_usd)}, at most {ceiling(way.ceiling_usd)}"
            less = f"max_samples={rows} would do, with {way.tuning.told} on {way.flavor.name} ({cost})"
        return UserError(problem, f"Raise the limit, or train on less: {less}.")
    return UserError(problem, "Use a smaller model, a smaller batch or a shorter max_length, or LoRA.")


def fewer_rows(task: Task, flavors: Sequence[Flavor], limits: Limits) -> tuple[int, Candidate] | None:
    """How many rows the limits allow, to two digits, and how to train on them; None: hardly any, or steps are named."""
    for share in _SHARES if task.request.max_steps is None else ():
        rows = int(float(f"{task.rows * share:.2g}"))
        request = task.request.model_copy(update={"max_samples": rows})
        less = task.model_copy(update={"rows": rows, "request": request})
        for tunings in _preferences(task):
            ways = [_candidate(less, flavor, tuning, limits) for tuning in tunings for flavor in flavors]
            fitting = _rank([way for way in ways if way.problem is None])
            if fitting:
                return rows, fitting[0]
    return None


def _closest(tried: Sequence[Candidate]) -> list[Candidate]:
    """For each kind of tuning the way that came closest: one that only breaks a limit, or that lacks least memory."""

    def distance(way: Candidate) -> tuple[bool, float]:
        lacking = way.memory.peak_gib / max(0.1, way.estimate.usable_gib)
        return way.impossible, lacking if way.impossible else way.estimate.cost_high_usd

    found: dict[Tuning, Candidate] = {}
    for way in sorted(tried, key=distance):
        found.setdefault(way.tuning, way)
    return [found[tuning] for tuning in Tuning if tuning in found]


def _distinct(ways: Sequence[Candidate], count: int = 2) -> list[Candidate]:
    """The cheapest of each kind of tuning."""
    seen: dict[Tuning, Candidate] = {}
    for way in ways:
        seen.setdefault(way.tuning, way)
    return list(seen.values())[:count]
