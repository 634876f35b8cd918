"""What a thread tells beside the milestones when somebody wants to hear all of it. Pure.

Each kind tells only the newest: whoever switches it on, or reads late, gets no backlog.
"""

from bot.models import Plan, Run
from handlers.views import card, text
from handlers.views import messages as m
from handlers.views.messages import Message


def marks(run: Run, plan: Plan) -> list[Message]:
    """The newest checkpoint, the evaluation before training, and the newest tenth of the way."""
    said = []
    if run.progress.before:
        said.append(_reply("evaluated", f"Evaluated on held-back rows before training: {_numbers(run)}."))
    saved = run.progress.saved_step
    if saved:
        said.append(
            _reply(f"saved-{saved}", f"The checkpoint of step {text.count(saved)} is in {text.code(plan.output_repo)}.")
        )
    if tenth := _tenths(run):
        said.append(_reply(f"tenth-{tenth}", _so_far(run, tenth)))
    return said


def _tenths(run: Run) -> int:
    """How many tenths of the steps are done; 0 at first, and at the end, which is told anyway."""
    last = run.progress.max_steps
    return 10 * run.progress.step // last % 10 if last else 0


def _so_far(run: Run, tenth: int) -> str:
    """What was true when the tenth was first seen changes with each step: only what stays true of it is said."""
    last = run.progress.max_steps or 0
    reached = [point for point in run.progress.points if 10 * point.step >= tenth * last]
    value = f": the {card.metric(run)} is *{text.number(reached[0].value)}*" if reached else ""
    return f"{tenth}0 % of {text.count(last)} steps are done{value}."


def _numbers(run: Run) -> str:
    told = [f"{text.escape(name, 60)} {text.number(value)}" for name, value in run.progress.before.items()]
    return ", ".join(told[:4])


def _reply(key: str, mrkdwn: str) -> Message:
    return m.make_message(key, [mrkdwn.replace("*", "").replace("`", "")], [m.section(mrkdwn)])
