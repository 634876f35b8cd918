"""What a finished run teaches about the next: what was predicted, and what was measured."""

from datetime import datetime

from bot.models.plan import Tuning
from bot.models.request import Method
from bot.models.value import Value


class PastRun(Value):
    """A run that came to its end, in numbers. Predictions are the counted ones, before past runs corrected them."""

    run_id: str
    ended_at: datetime
    #: `model_type` of its configuration, such as "qwen3", and its parameters.
    model_type: str
    parameters: int
    method: Method
    tuning: Tuning
    flavor: str
    #: Tokens a second of all GPUs together.
    predicted_tokens_per_s: float
    #: None: the script did not say.
    measured_tokens_per_s: float | None = None
    #: GiB at the peak on one GPU.
    predicted_memory_gib: float
    measured_memory_gib: float | None = None
    predicted_startup_min: float
    #: Minutes that were paid and not trained in; None: not known.
    measured_startup_min: float | None = None
    predicted_usd: float
    measured_usd: float | None = None
