"""The numbers that the trainer gets: what the person said, and a default with its reason for the rest.

Pure. Does not choose hardware or tuning; `choose` asks for arguments once for each of them.
"""

import math

from bot.errors import UserError
from bot.models import Method, ModelInfo, TrainingArguments, TrainingRequest, Tuning, Value
from bot.models.plan import BITSANDBYTES_OPTIMIZERS
from bot.planning.checkpoints import least_save_steps, usual_save_steps
from bot.planning.lengths import Lengths
from bot.planning.memory import embedding_parameters
from bot.planning.speed import steps_for

#: A model below this many parameters learns from scratch rather than being tuned.
TINY_PARAMETERS = 10_000_000
#: Rows that are assumed when nobody knows: what Hugging Face's trainer skill assumes
#: (https://github.com/huggingface/skills, huggingface-llm-trainer, scripts/estimate_cost.py).
ASSUMED_ROWS = 10_000
#: Rows of one optimizer step, by method. 16: the order of TRL's and alignment-handbook's own recipes; TRL's page on KTO
#: asks for 16 to 128 (https://huggingface.co/docs/trl/kto_trainer). GRPO counts answers: 64 are eight prompts, since
#: with two of them a step hardly knows where to go; open-r1's recipes take hundreds
#: (https://github.com/huggingface/open-r1, recipes), and 64 answers side by side take hardly longer than 16.
EFFECTIVE_BATCH = {Method.SFT: 16, Method.DPO: 16, Method.GRPO: 64, Method.KTO: 32, Method.REWARD: 16}
#: Full: SFT is TRL's default (2e-5), DPO zephyr-7b-beta's recipe (5e-7), GRPO and KTO TRL's default (1e-6), reward
#: TRL's example (1e-5, examples/scripts/reward_modeling.py). LoRA: ten times as much
#: (https://thinkingmachines.ai/blog/lora/), as in alignment-handbook's QLoRA recipes and TRL's own examples.
_LEARNING_RATES = {
    (Method.KTO, False): 1e-6,
    (Method.KTO, True): 1e-5,
    (Method.REWARD, False): 1e-5,
    (Method.REWARD, True): 1e-4,
    (Method.SFT, False): 2e-5,
    (Method.SFT, True): 2e-4,
    (Method.DPO, False): 5e-7,
    (Method.DPO, True): 5e-6,
    (Method.GRPO, False): 1e-6,
    (Method.GRPO, True): 1e-5,
}
_DEFAULT_LENGTH = 1024
#: Rows are not lengthened beyond this unless somebody asks for it: cost grows with every token.
_LONGEST_DEFAULT = 4096
_TINY_SHARE = {Method.SFT: 1.0, Method.DPO: 0.03, Method.GRPO: 0.1, Method.KTO: 0.1, Method.REWARD: 0.3}
_TINY_COMPLETION, _TINY_LENGTH = 32, 512
#: Optimizer steps of a tiny model on little data; GRPO's steps are larger.
_MIN_STEPS = {Method.SFT: 60, Method.DPO: 60, Method.GRPO: 40, Method.KTO: 60, Method.REWARD: 60}
_MAX_STEPS = 200
#: Values on the card's curve. A loss is a mean over a batch of tokens; a reward varies so much from step to step that
#: only a mean over several steps shows whether it rises (TRL averages what lies between two logs).
_LOGS = {Method.SFT: 75, Method.DPO: 75, Method.GRPO: 20, Method.KTO: 75, Method.REWARD: 75}
#: Rows that are held back to be evaluated before and after training: at most so many, at most this share of the rows,
#: and so few that both evaluations take less than this share of the time. Fewer than the last say nothing.
_EVAL_MOST, _EVAL_SHARE, _EVAL_TIME, _EVAL_LEAST = 200, 0.05, 0.05, 10
#: Answers of a reward's or a preference's trainer cost the same in an evaluation as rows do in training; a forward pass
#: alone is this share of a training step without recomputation (one pass of three).
_FORWARD_SHARE = 1 / 3

#: Names that transformers takes without further settings or packages (transformers 5.23, `OptimizerNames` and
#: `SchedulerType`).
OPTIMIZERS = ("adamw_torch_fused", "adamw_torch", "adafactor", "sgd", "adagrad", "rmsprop")
SCHEDULERS = (
    *("cosine", "linear", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"),
    "cosine_with_restarts",
)


class Draft(Value):
    """Arguments, and why each field that nobody named has its value."""

    arguments: TrainingArguments
    #: Optimizer steps.
    steps: int
    #: Sequences that one optimizer step trains on, on all GPUs together.
    samples_per_step: int
    #: Rows as the trainer gets them: without those held back, fewer and longer ones when they are packed.
    rows: int
    #: Rows held back to be evaluated.
    eval_rows: int
    lengths: Lengths
    defaulted: dict[str, str]


def check_request(request: TrainingRequest) -> None:
    """Refuse what contradicts itself or what the trainer does not know.

    Raises:
        UserError: a name is unknown, or two wishes exclude each other.
    """
    if request.load_in_4bit and request.lora is False:
        raise UserError(
            "4-bit weights cannot be trained themselves, so 4-bit and full fine-tuning exclude each other.",
            "Say lora with 4-bit, or leave the 4-bit out.",
        )
    if request.optimizer is not None and request.optimizer not in OPTIMIZERS:
        if request.optimizer not in BITSANDBYTES_OPTIMIZERS:
            raise UserError(f"There is no optimizer `{request.optimizer}`.", f"Choose one of {', '.join(OPTIMIZERS)}.")
        if not request.load_in_4bit:
            raise UserError(
                f"Optimizer `{request.optimizer}` needs bitsandbytes, which is installed for 4-bit training only.",
                f"Add 4-bit, or choose one of {', '.join(OPTIMIZERS)}.",
            )
    if request.lr_scheduler is not None and request.lr_scheduler not in SCHEDULERS:
        raise UserError(f"There is no schedule `{request.lr_scheduler}`.", f"Choose one of {', '.join(SCHEDULERS)}.")


def is_tiny(model: ModelInfo) -> bool:
    return model.parameters < TINY_PARAMETERS


def default_learning_rate(model: ModelInfo, method: Method, tuning: Tuning) -> tuple[float, str]:
    """The learning rate nobody named, with the reason.

    Below 10 million parameters the pre-training optimum LR(N) = 0.003239 - 0.0001395 ln N, N without embeddings
    (Kaplan et al. 2020, https://arxiv.org/abs/2001.08361, appendix D.6), because such a model is trained rather than
    tuned. DPO and GRPO sharpen what is there already and take a share of it: tried on the playground's model, where
    DPO at the full rate settles all pairs in nine steps and GRPO forgets its answers.
    """
    if is_tiny(model):
        count = max(1000, model.parameters - embedding_parameters(model))
        rate = 0.003239 - 0.0001395 * math.log(count)
        rate *= _TINY_SHARE[method]
        return float(f"{rate:.1g}"), "so small a model learns best at a high rate (Kaplan et al. 2020)"
    lora = tuning is not Tuning.FULL
    return _LEARNING_RATES[method, lora], f"the usual value for {method.told} with {'LoRA' if lora else 'all weights'}"


def default_length(model: ModelInfo, method: Method, lengths: Lengths) -> tuple[int, str]:
    """Tokens of a row (GRPO: of a completion): what the sample rows need as a power of two, within bounds."""
    if method is Method.GRPO:
        return (
            (_TINY_COMPLETION, "short, for a tiny model") if is_tiny(model) else (512, "TRL's default for completions")
        )
    if not lengths.measured:
        return _DEFAULT_LENGTH, "TRL's default; there was no sample row to measure"
    needed = 2 ** math.ceil(math.log2(max(8, lengths.longest)))
    if is_tiny(model):
        return max(64, min(needed, _TINY_LENGTH)), "what the sample rows need"
    if needed <= _DEFAULT_LENGTH:
        return _DEFAULT_LENGTH, "TRL's default; the sample rows are shorter"
    if needed > _LONGEST_DEFAULT:
        return _LONGEST_DEFAULT, f"the sample rows reach {lengths.longest:,} tokens; more costs more"
    return needed, "what the sample rows need"


def batch_sizes(request: TrainingRequest, method: Method, processes: int = 1) -> list[int]:
    """Sizes of a micro-batch to try, largest first; only the one that the person named.

    KTO compares rows of one micro-batch with each other and needs two of them (TRL 1.16, trl/trainer/kto_trainer.py).
    """
    if request.batch_size is not None:
        return [request.batch_size]
    least = 2 if method is Method.KTO else 1
    largest = max(least, EFFECTIVE_BATCH[method] // (request.grad_accum or 1) // processes)
    return [size for size in (64, 32, 16, 8, 4, 2, 1) if least <= size <= largest]


def _batch_reason(method: Method, batch: int, processes: int) -> str:
    """Several GPUs share out the rows of a step, so each has fewer of them whatever its memory holds."""
    together = batch * processes
    if processes > 1 and 2 * together > EFFECTIVE_BATCH[method]:
        return f"{together} rows at a time, shared out over {processes} GPUs"
    return "the usual size, as far as the memory allows"


def held_back(request: TrainingRequest, method: Method, *, rows: int, trained: float) -> int:
    """Rows to evaluate before and after training; 0: too few rows to spare any, or somebody asked for none.

    `trained` are the rows that are trained on in all epochs or steps. Evaluating is a forward pass, a third of a
    training step, or for GRPO a group of answers at most.
    """
    if request.eval_fraction is not None:
        return max(1, min(rows - 1, round(rows * request.eval_fraction))) if rows > 1 else 0
    each = 1.0 if method is Method.GRPO else _FORWARD_SHARE
    affordable = _EVAL_TIME * trained / (2 * each)
    count = int(min(_EVAL_MOST, _EVAL_SHARE * rows, affordable))
    return count if count >= _EVAL_LEAST else 0


def draft(
    request: TrainingRequest,
    model: ModelInfo,
    method: Method,
    tuning: Tuning,
    *,
    batch: int,
    rows: int,
    lengths: Lengths,
    processes: int = 1,
) -> Draft:
    """Fill in all arguments for one micro-batch size, on so many GPUs that work side by side."""
    why: dict[str, str] = {}

    def pick(field: str, default: object, reason: str) -> object:
        said = getattr(request, field)
        if said is not None:
            return said
        why[field] = reason
        return default

    if request.batch_size is None:
        why["batch_size"] = _batch_reason(method, batch, processes)
    generations = _generations(request, method, batch, processes, why)
    wanted = EFFECTIVE_BATCH[method]
    accum = _grad_accum(
        request, min(wanted, rows * generations) if generations else wanted, batch * processes, generations, why
    )
    samples = batch * accum * processes
    length, length_reason = default_length(model, method, lengths)
    given = request.max_steps * samples // max(1, generations) if request.max_steps else rows * (request.epochs or 1)
    eval_rows = held_back(request, method, rows=rows, trained=given)
    rows -= eval_rows
    if request.packing and method is Method.SFT:
        rows, lengths = lengths.packed(rows, request.max_length or length)

    def steps_of(epochs: float) -> int:
        each = max(1, samples // generations) if generations else samples
        return steps_for(rows=rows, samples_per_step=each, epochs=epochs, whole_steps=generations > 0)

    epochs = request.epochs if request.epochs is not None else _epochs(model, method, steps_of(1), why)
    steps = request.max_steps or steps_of(epochs)
    rate, rate_reason = default_learning_rate(model, method, tuning)
    adapters = tuning is not Tuning.FULL
    rank = pick("lora_r", 16, "a common rank") if adapters else None
    arguments = TrainingArguments.model_validate(
        {
            "num_train_epochs": epochs,
            "max_steps": request.max_steps or -1,
            "per_device_train_batch_size": batch,
            "gradient_accumulation_steps": accum,
            "learning_rate": pick("learning_rate", rate, rate_reason),
            "lr_scheduler_type": pick("lr_scheduler", "cosine", "usual for fine-tuning"),
            "warmup_ratio": pick(
                "warmup_ratio", *((0.1, "usual for DPO") if method is Method.DPO else (0.03, "usual"))
            ),
            "weight_decay": pick("weight_decay", 0.0, "TRL's default"),
            "optim": pick("optimizer", "adamw_torch_fused", "TRL's default"),
            "max_length": pick("max_length", length, length_reason),
            "packing": pick("packing", False, "TRL's default") if method is Method.SFT else False,
            "activation_checkpointing": pick(
                "gradient_checkpointing",
                *(
                    (False, "a tiny model does not need it")
                    if is_tiny(model)
                    else (True, "saves memory for a third more time")
                ),
            ),
            "logging_steps": max(1, steps // _LOGS[method]),
            "save_steps": max(
                int(str(pick("save_steps", usual_save_steps(steps), "about 5 checkpoints"))), least_save_steps(steps)
            ),
            "seed": pick("seed", 42, "so that it can be repeated"),
            "beta": _beta(request, method, why),
            "num_generations": generations or None,
            "lora_r": rank,
            "lora_alpha": pick("lora_alpha", 2 * int(str(rank)), "twice the rank") if adapters else None,
            "lora_dropout": pick("lora_dropout", 0.0, "PEFT's default") if adapters else None,
        }
    )
    return Draft(
        arguments=arguments,
        steps=steps,
        samples_per_step=samples,
        rows=rows,
        eval_rows=eval_rows,
        lengths=lengths,
        defaulted=why,
    )


def _generations(request: TrainingRequest, method: Method, batch: int, processes: int, why: dict[str, str]) -> int:
    """GRPO compares this many answers to each prompt; 0 for the other methods."""
    if method is not Method.GRPO:
        return 0
    if request.num_generations is not None:
        return request.num_generations
    named = batch * processes * (request.grad_accum or 0)
    wanted = 8
    # an accumulation that the person fixed decides: a step must be a whole number of groups
    fitting = [size for size in range(wanted, 1, -1) if named % size == 0] if named else [wanted]
    why["num_generations"] = "TRL's default"
    return fitting[0] if fitting else wanted


def _grad_accum(request: TrainingRequest, wanted: int, batch: int, generations: int, why: dict[str, str]) -> int:
    if request.grad_accum is not None:
        return request.grad_accum
    why["grad_accum"] = f"about {wanted} sequences in each optimizer step"
    accum = max(1, wanted // batch)
    if generations:
        # TRL: batch x accumulation must be a whole number of groups
        step = generations // math.gcd(generations, batch)
        accum = max(1, round(accum / step)) * step
    return accum


def _epochs(model: ModelInfo, method: Method, each: int, why: dict[str, str]) -> float:
    """Passes over the data; one of them takes `each` steps."""
    wanted = _MIN_STEPS[method]
    if not is_tiny(model) or each >= wanted:
        why["epochs"] = "one pass over the data"
        return 1.0
    epochs = math.ceil(wanted / each)
    while epochs > 1 and epochs * each > _MAX_STEPS:
        epochs -= 1
    why["epochs"] = f"a tiny model needs about {wanted} steps to learn anything"
    return float(epochs)


def _beta(request: TrainingRequest, method: Method, why: dict[str, str]) -> float | None:
    if method in (Method.SFT, Method.REWARD):
        return None
    if request.beta is not None:
        return request.beta
    why["beta"] = "TRL's default"
    return 0.0 if method is Method.GRPO else 0.1
