"""What the cards of all states share: title, people, the plan's essentials, money spent.

Pure. Does not choose which card a state gets: thread.py does.
"""

from datetime import datetime

from bot.models import Method, Plan, Run
from bot.planning import billed_usd
from bot.states import RunStatus
from handlers.views import fields, text


def title(run: Run) -> str:
    """ "Fine-tune Qwen3-0.6B on tiny-chat": plain text, short names."""
    model = run.plan.model.repo_id if run.plan else run.request.model
    dataset = run.plan.dataset.repo_id if run.plan else run.request.dataset
    if not model and not dataset:
        return "Fine-tuning request"
    on = f" on {_short(dataset)}" if dataset else ""
    return f"Fine-tune {_short(model) if model else 'a model'}{on}"


def _short(repo_id: str) -> str:
    return text.plain(repo_id.rpartition("/")[2] or repo_id, 66)


def asked(run: Run) -> str:
    """ "<@U1> asked: “...”" in mrkdwn; who changed the request since is named too: the quotation has their words."""
    words = f": {text.quote(run.request.text)}" if run.request.text else "."
    others = list(dict.fromkeys(event.actor for event in run.changes))
    also = "" if set(others) <= {run.requester} else f", {' and '.join(map(text.mention, others[:5]))} changed it since"
    helped = f" (read with the help of {text.code(run.request.read_by, 100)})" if run.request.read_by else ""
    return f"{text.mention(run.requester)} asked{also}{words}{helped}"


def approver(run: Run) -> str:
    """Who approved, for the small print; "" when nobody did."""
    if run.decided_by is None or run.status is RunStatus.REJECTED:
        return ""
    at = when(run, RunStatus.APPROVED)
    return f"Approved by {text.mention(run.decided_by)}{f' {text.date(at)}' if at else ''}"


def people(run: Run) -> str:
    """Who asked and who approved, as a sentence."""
    approved = run.decided_by is not None and run.status is not RunStatus.REJECTED
    also = f", approved by {text.mention(run.decided_by)}" if approved and run.decided_by else ""
    return f"Asked by {text.mention(run.requester)}{also}."


def footer(run: Run) -> str:
    """The small print that lets people name the run."""
    parts = [f"Run {text.code(run.short_id)}"]
    if run.revision:
        parts.append(f"plan {run.revision}")
    if run.plan and passed(run, RunStatus.APPROVED):
        parts.append(f"paid by {text.code(run.plan.namespace)}")
    if run.job:
        parts.append(text.link(run.job.url, "job on the Hub"))
    if run.parent:
        parts.append(f"follows run {text.code(run.parent.run_id[-8:])}: {text.escape(run.parent.how, 100)}")
    return " · ".join(parts)


def passed(run: Run, status: RunStatus) -> bool:
    """Whether the run is, or ever was, in this status."""
    return run.status is status or any(event.status is status for event in run.events)


def when(run: Run, status: RunStatus) -> datetime | None:
    """The time of the latest move to this status."""
    return next((event.at for event in reversed(run.events) if event.status is status), None)


def metric(run: Run) -> str:
    """ "loss", or "reward": the script's own word, inert."""
    return text.escape(text.one_line(run.progress.metric), 40) or "metric"


def values(run: Run) -> tuple[str, str]:
    """The metric where the curve begins, with its step since that is seldom the first one, and where it is now."""
    points = run.progress.points
    if not points:
        return "", ""
    first, last = points[0], points[-1]
    return f"{text.number(first.value)} (step {text.count(first.step)})", text.number(last.value)


def change(run: Run) -> str:
    """ "2.31 (step 10) → *1.2*"; "" before the second value."""
    first, last = values(run)
    return f"{first} → *{last}*" if len(run.progress.points) > 1 else ""


def start_up(plan: Plan) -> str:
    """How much of the expected time is no training: a machine must start, packages and weights must arrive."""
    startup = plan.estimate.startup_min
    if plan.estimate.hours * 3600 < 60:
        return "start-up included"
    mostly = 0.9 * plan.estimate.hours * 60 < startup
    return f"{'nearly all' if mostly else text.about(startup * 60)} of it to start up"


def saved_step(run: Run) -> int:
    """The step of the checkpoint that is on the Hub: the run's own, or else the one that it went on from; 0: none."""
    return run.progress.saved_step or (run.resume.step if run.resume else 0)


def lost(run: Run) -> str:
    """ "steps 201 to 220 are lost": what was trained after the checkpoint; "" when that is nothing."""
    saved, reached = saved_step(run), run.progress.step
    if run.progress.pushed or reached <= saved:
        return ""
    if reached == saved + 1:
        return f"step {text.count(reached)} is lost"
    return f"steps {text.count(saved + 1)} to {text.count(reached)} are lost"


def spent_usd(run: Run) -> float | None:
    """What the job has cost so far; None while the Hub does not say how long it ran."""
    if run.report:
        return run.report.cost_usd
    if run.plan is None or run.job is None or run.job.running_s is None:
        return None
    return billed_usd(run.job.running_s, run.plan.flavor.price_usd_hour)


# --- the plan's essentials ----------------------------------------------------------------------------------------


def tuning(plan: Plan) -> str:
    rank = plan.arguments.lora_r
    return f"{plan.tuning.told}, rank {rank}" if rank else plan.tuning.told


def length(plan: Plan) -> str:
    """ "2 epochs · 525 steps" """
    steps = text.counted(plan.estimate.steps, "step")
    if plan.resume is not None:
        steps += f", of which {text.count(plan.resume.step)} are done"
    if plan.arguments.max_steps > 0:
        return text.counted(plan.arguments.max_steps, "step")
    epochs = plan.arguments.num_train_epochs
    return f"{text.number(epochs)} {'epoch' if epochs == 1 else 'epochs'} · {steps}"


def model(plan: Plan) -> str:
    info = plan.model
    licensed = f" · license {text.escape(info.license, 40)}" if info.license else ""
    return f"{text.code(info.repo_id)}\n{text.rough(info.parameters)} parameters{licensed}"


def dataset(plan: Plan) -> str:
    info = plan.dataset
    config = f"configuration {text.code(info.config, 60)} · " if len(info.configs) > 1 else ""
    rows = text.counted(plan.rows, "row") if plan.rows is not None else "number of rows not known"
    rows += f", {text.count(plan.eval_rows)} of them held back" if plan.eval_rows else ""
    return f"{text.code(info.repo_id)}\n{config}split {text.code(plan.split, 60)} · {rows}"


def method(plan: Plan) -> str:
    rewards = f"\nrewards: {text.escape(', '.join(plan.rewards), 100)}" if plan.rewards else ""
    return f"{fields.METHODS[plan.method]}\n{tuning(plan)} · {plan.precision}{rewards}"


def training(plan: Plan) -> str:
    arguments = plan.arguments
    batch = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps * plan.processes
    cut = "a completion" if plan.method is Method.GRPO else "a row"
    tokens = f" · {text.rough(plan.estimate.tokens)} tokens in all" if plan.estimate.tokens else ""
    return (
        f"{length(plan)}{tokens}\nlearning rate {text.number(arguments.learning_rate)} · batch {batch}"
        f" · up to {text.count(arguments.max_length)} tokens {cut}"
    )


def hardware(plan: Plan) -> str:
    flavor = plan.flavor
    gpus = f"{flavor.gpus} × {text.escape(flavor.gpu, 30)}" if flavor.gpu else "no GPU"
    return f"{text.code(flavor.name, 60)}\n{gpus} · {text.money(flavor.price_usd_hour)} an hour"


def output(plan: Plan) -> str:
    return f"{text.code(plan.output_repo)}\n{'private' if plan.private else '*public*: everybody can read it'}"


def sentence(plan: Plan) -> str:
    """The plan in one sentence of inert plain text, for `Message.text`."""
    return (
        f"{fields.method_name(plan.method)} of {text.escape(plan.model.repo_id, 120)}"
        f" on {text.escape(plan.dataset.repo_id, 120)} ({tuning(plan)}, {plan.precision},"
        f" {length(plan).replace(' · ', ', ')}) on {text.escape(plan.flavor.name, 60)}."
    )


def essentials(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The facts that every later card keeps; with other facts beside them they stay below ten."""
    return (
        ("Model", model(plan)),
        ("Dataset", dataset(plan)),
        ("Method", method(plan)),
        ("Training", training(plan)),
        ("Hardware", hardware(plan)),
        ("Output", output(plan)),
    )
