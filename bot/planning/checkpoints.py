"""What a training puts on the Hub, and how often: checkpoints while it runs, the model at its end. Pure."""

import math

from bot.models import ModelInfo, Value
from bot.planning.memory import state_bytes, trained_bytes
from bot.planning.workload import Workload

#: Checkpoints of one run at most. Each is a commit with the optimizer, two or three times the weights, and the history
#: of a repository keeps it; private storage beyond 100 GB costs (https://huggingface.co/docs/hub/storage-limits).
MOST_CHECKPOINTS = 6
#: What is saved where nobody says how often.
_USUAL = 5


class Stored(Value):
    """Bytes of what one run writes: all weights, or the adapters alone."""

    #: The trained weights.
    model: int
    #: The same with the optimizer's state.
    checkpoint: int


def stored(model: ModelInfo, work: Workload) -> Stored:
    """What the script writes; weights in the size in which they are trained."""
    weights = trained_bytes(model, work)
    return Stored(model=int(weights), checkpoint=int(weights + state_bytes(model, work)))


def usual_save_steps(steps: int) -> int:
    return max(1, math.ceil(steps / _USUAL))


def least_save_steps(steps: int) -> int:
    """The most frequent saves that keep within MOST_CHECKPOINTS."""
    return max(1, math.ceil(steps / MOST_CHECKPOINTS))


def checkpoints(steps: int, save_steps: int) -> int:
    """How many are pushed: none at the end, where the model itself is."""
    return (steps - 1) // save_steps
