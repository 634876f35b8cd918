"""Settings far from what is usual: which value is usual, and what most likely happens with the one that was named.

Pure. Warns and changes nothing: whoever asks may know better.
"""

from collections.abc import Iterator

from bot.amounts import number
from bot.models import Method, ModelInfo, TrainingRequest, Value
from bot.planning.arguments import default_learning_rate
from bot.planning.candidates import Candidate

#: The usual learning rates (bot/planning/arguments.py) differ by ten between all weights and LoRA, and published
#: recipes lie within a factor of ten around them; so these factors are beyond all of them.
_RATE_ABOVE, _RATE_BELOW, _ROUNDING = 20, 50, 1e-6
#: Passes over the same rows beyond which they are learned by heart. Repeating data four times is about as good as new
#: data, and after sixteen times little is gained (https://arxiv.org/abs/2305.16264); LIMA's fifteen passes over 1,000
#: rows are the most that a known recipe takes (https://arxiv.org/abs/2305.11206). GRPO writes new answers each time.
_EPOCHS, _EPOCHS_GRPO = 10, 20
#: Alpha over rank multiplies what adapters do, so it acts as the learning rate does; 1 or 2 is usual
#: (https://huggingface.co/docs/peft/developer_guides/lora).
_LORA_SCALE = 16


class _Range(Value):
    """Between which values published recipes lie, with room on both sides."""

    field: str
    usual: str
    least: float = float("-inf")
    below: str = ""
    most: float = float("inf")
    above: str = ""
    #: Methods for which it means anything; None: all.
    methods: frozenset[Method] | None = None


#: Optimizers: https://huggingface.co/docs/trl/sft_trainer and the recipes of alignment-handbook.
_RANGES = (
    _Range(
        field="warmup_ratio",
        usual="0.03 to 0.1",
        most=0.5,
        above="the learning rate still rises for most of the run, so it learns little",
    ),
    _Range(field="weight_decay", usual="0 to 0.1", most=0.5, above="the weights are pulled to zero and it forgets"),
    _Range(field="lora_dropout", usual="0 to 0.1", most=0.5, above="most of what the adapters do is dropped"),
    _Range(
        field="temperature",
        usual="0.7 to 1",
        least=0.3,
        below="all answers to a prompt read alike, so there is nothing to compare",
        most=1.5,
        above="the answers become random text",
        methods=frozenset({Method.GRPO}),
    ),
)
#: DPO's own paper takes 0.1 to 0.5 (https://arxiv.org/abs/2305.18290), GRPO's 0.04 (https://arxiv.org/abs/2402.03300).
_PREFERENCE_BETA = _Range(
    field="beta",
    usual="0.1 to 0.5",
    least=0.005,
    below="nothing holds it near the model that it was, and it may forget how to write",
    most=2,
    above="it hardly changes",
)
_BETAS = {
    Method.DPO: (_PREFERENCE_BETA,),
    Method.KTO: (_PREFERENCE_BETA,),
    Method.GRPO: (_Range(field="beta", usual="0 to 0.04", most=1, above="it hardly changes"),),
}


def unusual(
    request: TrainingRequest, model: ModelInfo, method: Method, way: Candidate, rows: int | None
) -> Iterator[str]:
    """Warn of each setting that was named and is far from the usual, in plain text.

    `rows` are those to train on and to hold back; None: nobody knows.
    """
    if request.learning_rate is not None:
        yield from _rate(model, method, way)
    trained = None if rows is None else max(1, rows - way.eval_rows)
    if request.epochs is not None or request.max_steps is not None:
        yield from _passes(method, way, trained)
    if request.batch_size is not None or request.grad_accum is not None:
        yield from _batch(way, trained)
    rank, alpha = way.arguments.lora_r, way.arguments.lora_alpha
    if rank and alpha and alpha > _LORA_SCALE * rank:
        yield (
            f"LoRA alpha {alpha:,} is {alpha / rank:.0f} times the rank, and once or twice is usual. It acts like a"
            " learning rate that is so many times higher: the loss may rise or become NaN."
        )
    for one in (*_RANGES, *_BETAS.get(method, ())):
        value = getattr(request, one.field)
        meant = one.methods is None or method in one.methods
        if value is not None and meant and (happens := _outside(one, value)):
            yield f"{one.field} {number(value)} is far from the usual {one.usual}: {happens}."


def _outside(one: _Range, value: float) -> str:
    return one.above if value > one.most else one.below if value < one.least else ""


def _rate(model: ModelInfo, method: Method, way: Candidate) -> Iterator[str]:
    rate = way.arguments.learning_rate
    usual, why = default_learning_rate(model, method, way.tuning)
    times = rate / usual
    if times >= _RATE_ABOVE - _ROUNDING:
        happens = "most likely the loss rises or becomes NaN, and the model is worse than before"
        compared = f"{_times(times)} {number(usual)}"
    elif 1 / times >= _RATE_BELOW - _ROUNDING:
        happens = "most likely it learns next to nothing"
        compared = f"{_times(1 / times)} lower than {number(usual)}"
    else:
        return
    yield (
        f"Learning rate {number(rate)} is {compared} ({why}): {happens}. Say lr={number(usual)} unless you know better."
    )


def _times(factor: float) -> str:
    return f"{float(f'{factor:.2g}'):,.0f} times"


def _passes(method: Method, way: Candidate, rows: int | None) -> Iterator[str]:
    """Also of steps that were named, which are passes over the rows all the same."""
    arguments = way.arguments
    passes = arguments.num_train_epochs
    if arguments.max_steps > 0:
        if rows is None or arguments.packing:
            return
        passes = arguments.max_steps * _rows_a_step(way) / rows
    if passes <= (_EPOCHS_GRPO if method is Method.GRPO else _EPOCHS):
        return
    over = f"the same {rows:,} rows" if rows is not None else "the same rows"
    yield (
        f"It passes over {over} {passes:,.0f} times, and 1 to 3 times is usual: most likely it learns them by heart and"
        " gets worse at everything else. The loss looks good all the same; judge it by its answers."
    )


def _batch(way: Candidate, rows: int | None) -> Iterator[str]:
    step = _rows_a_step(way)
    if rows is not None and step > rows:
        yield (
            f"One optimizer step takes {step:,} rows, and there are only {rows:,}: each pass is a single step, so it"
            " hardly learns. A smaller batch_size or grad_accum makes more steps."
        )


def _rows_a_step(way: Candidate) -> int:
    """Rows of the dataset, of which GRPO answers each several times."""
    arguments = way.arguments
    together = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps * way.processes
    return max(1, together // (arguments.num_generations or 1))
