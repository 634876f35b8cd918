"""Which hardware, and which weights to train: every way is tried, what fits is ranked by its price.

Pure. Whatever the person fixed stays fixed; when it cannot be kept, a UserError says so with the numbers.
"""

from collections.abc import Sequence

from bot.errors import UserError
from bot.models import Flavor, Option, PastRun, Tuning, Value
from bot.planning.amounts import about, about_money, ceiling, duration, money
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
_OPTIONS = 3
#: A way that is not at least this much faster, or cheaper, is no offer.
_NOTABLY = 0.9

_NAMES = {Tuning.FULL: "full fine-tuning", Tuning.LORA: "LoRA", Tuning.QLORA: "QLoRA"}


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
    for pool in (_single(named), _several(named)):
        for tunings in groups:
            everything = [_candidate(task, flavor, tuning, limits) for tuning in tunings for flavor in pool]
            fitting = [candidate for candidate in everything if candidate.problem is None]
            if fitting:
                return _choice(task, _rank(fitting)[0], flavors, limits)
    raise _nothing_fits(task, named, flavors, limits)


def _choice(task: Task, best: Candidate, flavors: Sequence[Flavor], limits: Limits) -> Choice:
    """Look at all other hardware for the same kind of tuning, whatever hardware was named."""
    free = _without_hardware(task)
    others = [_candidate(free, flavor, best.tuning, limits) for flavor in flavors]
    in_, out = [way for way in others if not way.problem], [way for way in others if way.problem]
    lora = _lora_instead(free, best, flavors, limits)
    return Choice(best=best, options=_options(best, [best, *in_], out, lora), dropped=tuple(map(_dropped, out)))


def _lora_instead(task: Task, best: Candidate, flavors: Sequence[Flavor], limits: Limits) -> Candidate | None:
    """The cheapest way with adapters, where all weights are trained because nobody said otherwise."""
    if best.tuning is not Tuning.FULL or len(_preferences(task)) == 1:
        return None
    ways = [_candidate(task, flavor, Tuning.LORA, limits) for flavor in _single(flavors)]
    fitting = _rank([way for way in ways if way.problem is None])
    cheap = fitting and fitting[0].estimate.cost_usd < _WORTH_LORA * best.estimate.cost_usd
    return fitting[0] if cheap else None


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
    most, size = limits.max_model_billions, task.model.parameters / 1e9
    if most is not None and size > most:
        raise UserError(
            f"{task.model.repo_id} has {size:.3g}B parameters; this team trains models up to {most:g}B.",
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


def _several(flavors: Sequence[Flavor]) -> list[Flavor]:
    return [flavor for flavor in flavors if flavor.gpus > 1]


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
    for batch in batch_sizes(task.request, task.model, task.method, processes):
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
    if allowed >= tightest_timeout(high):
        cost = ceiling_usd(flavor.price_usd_hour, allowed)
        return candidate.model_copy(update={"timeout_s": allowed, "ceiling_usd": cost, "tightened": True})
    if request.max_hours is not None and request.max_hours * 3600 < tightest_timeout(high):
        problem = f"takes up to {duration(high * 3600)}, more than the {duration(request.max_hours * 3600)} allowed"
    else:
        tight = ceiling_usd(flavor.price_usd_hour, tightest_timeout(high))
        whose = (
            "your budget" if request.budget_usd and request.budget_usd <= limits.max_ceiling_usd else "the team's cap"
        )
        problem = f"can cost up to {ceiling(tight)}, more than {whose} of {money(dollars)}"
    return candidate.model_copy(update={"problem": problem})


def _rank(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Cheapest first, to two digits since no prediction is better than that; then the fastest.

    All weights in fp16 come last: that needs twice the memory and a loss scaler, and bfloat16 needs neither.
    """

    def key(way: Candidate) -> tuple[bool, float, float]:
        scaled = way.tuning is Tuning.FULL and way.precision == "fp16"
        return scaled, float(f"{way.estimate.cost_usd:.2g}"), way.estimate.hours

    return sorted(candidates, key=key)


def _options(
    best: Candidate, fitting: Sequence[Candidate], out: Sequence[Candidate], lora: Candidate | None
) -> tuple[Option, ...]:
    """At most three other ways: cheapest, fast for its price, fastest; then cheaper hardware that cannot do it."""
    pool = sorted(fitting, key=lambda way: (way.estimate.cost_usd, way.estimate.hours))
    least = max(0.01, pool[0].estimate.cost_usd)

    def quickest(cost: float) -> Candidate:
        near = [way for way in pool if way.estimate.cost_usd <= cost * least]
        return min(near, key=lambda way: way.estimate.hours)

    rows: dict[str, Option] = {}
    offers = ((pool[0], "cheapest"), (quickest(_BALANCED_COST), "balanced"), (quickest(_FASTEST_COST), "fastest"))
    for way, why in offers:
        faster = way.estimate.hours < _NOTABLY * best.estimate.hours
        cheaper = way.estimate.cost_usd < _NOTABLY * best.estimate.cost_usd
        if way.flavor.name != best.flavor.name and (faster or (why == "cheapest" and cheaper)):
            rows.setdefault(way.flavor.name, _offer(way, why))
    found = list(rows.values())
    if lora is not None:
        found = [*found[: _OPTIONS - 1], _offer(lora, "cheaper, and trains adapters only")]
    weaker = [way for way in out if way.flavor.gpu and way.flavor.price_usd_hour < best.flavor.price_usd_hour]
    for way in sorted(weaker, key=lambda way: -way.flavor.price_usd_hour):
        if len(found) < _OPTIONS and way.flavor.name != best.flavor.name:
            found.append(_dropped(way))
    return tuple(found)


def _offer(way: Candidate, why: str) -> Option:
    return Option(flavor=way.flavor.name, tuning=way.tuning, estimate=way.estimate, reason=why)


def _dropped(candidate: Candidate) -> Option:
    reason = candidate.problem or ""
    return Option(flavor=candidate.flavor.name, tuning=candidate.tuning, estimate=None, reason=reason)


def _nothing_fits(task: Task, named: Sequence[Flavor], flavors: Sequence[Flavor], limits: Limits) -> UserError:
    """Say what came closest and what would do instead."""
    tunings = [tuning for group in _preferences(task) for tuning in group]
    tried = [_candidate(task, flavor, tuning, limits) for tuning in tunings for flavor in named]
    limited = [way for way in tried if not way.impossible]
    told = "; ".join(f"{_NAMES[way.tuning]} on {way.flavor.name} {way.problem}" for way in _closest(tried))
    size = f"{task.model.parameters / 1e9:.3g}B parameters"
    problem = f"{task.method.upper()} of {task.model.repo_id} ({size}) cannot be done so: {told}."
    others = [
        way
        for way in fitting_ways(task, flavors, limits)
        if way.flavor.name not in {f.name for f in named} or way.tuning not in tunings
    ]
    if others:
        told = " or ".join(
            f"{_NAMES[way.tuning]} on {way.flavor.name}"
            f" ({about_money(way.estimate.cost_usd)}, {about(way.estimate.hours * 3600)})"
            for way in _distinct(others)
        )
        return UserError(problem, f"What would do: {told}.")
    if limited:
        return UserError(
            problem, "Raise the limit, or train on less: fewer epochs, max_samples=..., a shorter max_length."
        )
    return UserError(problem, "Use a smaller model, a smaller batch or a shorter max_length, or LoRA.")


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
