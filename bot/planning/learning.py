"""What finished runs teach: how far off the predictions were for runs like this one, and how much to trust that.

Pure: past runs in, factors and a spread out. Does not predict and does not read the database.
"""

import math
import statistics
from collections.abc import Sequence

from bot.models import Method, ModelInfo, PastRun, Tuning, Value

#: Billions of parameters where one size class ends and the next begins: within one, a run says much about another.
_SIZES = (0.3, 0.8, 2, 5, 10, 20, 50)
#: The counted prediction weighs as much as so many past runs: one run alone moves it by less than half.
_PRIOR_RUNS = 1.5
#: A measurement this many times off is a run that went wrong (a shared disk, a stuck download), not a lesson.
_OUTLIER = 4.0
#: However well past runs agree, the next differs by its rows and its machine.
_LEAST_SPREAD = 1.08
#: Memory is corrected downwards by no more than this: too little memory ends a run, too much costs cents.
_LEAST_MEMORY = 0.95
#: Newest runs that count; older ones ran with other packages.
_NEWEST = 20


class Lesson(Value):
    """How to correct a prediction; all neutral when nothing was learned."""

    #: Past runs of the same family, method, tuning and flavor whose speed is known.
    runs: int = 0
    #: Multiplies the predicted tokens a second.
    speed: float = 1.0
    #: The training time lies within this factor of the corrected prediction; None: as wide as without past runs.
    spread: float | None = None
    #: Multiplies the predicted peak memory.
    memory: float = 1.0
    #: Minutes of start-up on this flavor; None: nothing was learned.
    startup_min: float | None = None


def size_class(parameters: int) -> int:
    return sum(parameters / 1e9 >= edge for edge in _SIZES)


def learn(past: Sequence[PastRun], model: ModelInfo, method: Method, tuning: Tuning, flavor: str) -> Lesson:
    """Correct by the newest runs that are alike; start-up is learned from every run on this flavor.

    Medians, so that one odd run among several changes nothing; shrunk towards the counted prediction, so that one run
    alone changes little.
    """
    here = [run for run in sorted(past, key=lambda run: run.ended_at, reverse=True) if run.flavor == flavor]
    alike = [
        run
        for run in here
        if (run.model_type, run.method, run.tuning) == (model.model_type, method, tuning)
        and size_class(run.parameters) == size_class(model.parameters)
    ][:_NEWEST]
    speeds = _ratios([(run.measured_tokens_per_s, run.predicted_tokens_per_s) for run in alike])
    peaks = _ratios([(run.measured_memory_gib, run.predicted_memory_gib) for run in alike])
    starts = _ratios([(run.measured_startup_min, run.predicted_startup_min) for run in here[:_NEWEST]])
    told = here[0].predicted_startup_min if here else 0.0
    return Lesson(
        runs=len(speeds),
        speed=_shrunk(speeds),
        spread=_spread(speeds) if len(speeds) > 1 else None,
        memory=max(_LEAST_MEMORY, _shrunk(peaks)),
        startup_min=round(told * _shrunk(starts), 1) if len(starts) > 1 else None,
    )


def _ratios(pairs: Sequence[tuple[float | None, float]]) -> list[float]:
    """Logarithms of measurement over prediction, without what cannot be."""
    logs = [math.log(measured / predicted) for measured, predicted in pairs if measured and predicted > 0]
    return [each for each in logs if abs(each) < math.log(_OUTLIER)]


def _shrunk(logs: Sequence[float]) -> float:
    """The factor that so many ratios justify: their median, drawn towards 1 by the prior."""
    if not logs:
        return 1.0
    return math.exp(statistics.median(logs) * len(logs) / (len(logs) + _PRIOR_RUNS))


def _spread(logs: Sequence[float]) -> float:
    """The factor within which the next run is expected: twice the typical distance from the median.

    1.48 times the median distance estimates the standard deviation whatever the tails are
    (https://en.wikipedia.org/wiki/Median_absolute_deviation); few runs widen it as Student's t does, about.
    """
    middle = statistics.median(logs)
    distance = 1.48 * statistics.median(abs(each - middle) for each in logs)
    return max(_LEAST_SPREAD, math.exp(2 * distance * (1 + 2 / len(logs))))
