"""How a run ended well: the verified model, its numbers, its price, and what to do with it now."""

from slack_sdk.models.blocks import Block

from bot.models import Landed, Plan, Report, Run
from bot.models.job import Sample
from bot.training import outcome
from handlers.views import act_buttons, card, chart, text
from handlers.views import messages as m
from handlers.views.chart import Chart
from handlers.views.messages import Message
from handlers.views.next_steps import next_steps, snippet

#: Metrics that mean something to people, best first; TRL's names.
_METRICS = {
    "train_loss": "mean loss",
    "mean_token_accuracy": "token accuracy",
    "eval_loss": "evaluation loss",
    "rewards/margins": "reward margin",
    "rewards/accuracies": "preference accuracy",
    "reward": "reward",
    "kl": "KL from the base model",
}
_MAX_FILES = 5
_READY = "Your model is ready"
#: Where tools look when nothing else is said.
_HUB = "https://huggingface.co/"
#: What the held-back rows say, at a glance.
_SIGNS = {"better": "📈", "same": "➖", "worse": "📉", "unknown": "❔", "doubtful": "⚠️"}


def result_card(run: Run, plan: Plan, report: Report) -> Message:
    """The card's last face: the address first, then what it took."""
    url = text.link(report.landed.url, plan.output_repo)
    evaluated = chart.evaluation(report.before, report.after, run.progress.max_steps or run.progress.step)
    drawn = [one for one in (chart.curve(run), evaluated) if one]
    blocks: list[Block | Chart] = [
        m.header(card.title(run)),
        m.section(f"{_emoji(run, plan, report)} *Done: the model is on the Hub*\n{url}\n{card.asked(run)}"),
        m.section(learned(run, plan, report, where="at the end of this thread")),
        m.fields(*_numbers(run, plan, report)),
        *drawn,
        m.fields(*card.essentials(plan)),
        m.buttons("after", act_buttons.share(run), act_buttons.duplicate(run), act_buttons.logs(run)),
        m.context("How to use it is at the end of this thread.", card.approver(run), card.footer(run)),
    ]
    return m.make_message("card", [*_sentences(run, plan, report), card.people(run)], blocks)


def result_reply(run: Run, plan: Plan, report: Report) -> Message:
    """The end of the thread: what was found on the Hub and how to use it."""
    landed = report.landed
    people, emoji = _both(run), _emoji(run, plan, report)
    ready = "Your model is on the Hub; look at it before you use it" if emoji == _SIGNS["doubtful"] else _READY
    blocks = [
        m.section(f"{people} {emoji} *{ready}:* {text.link(landed.url, plan.output_repo)}"),
        m.section(learned(run, plan, report, where="below")),
        m.fields(*_numbers(run, plan, report), ("Files", files(landed)), ("Checked", _checked(landed, plan))),
        *[m.section(_sample(sample)) for sample in report.samples],
        m.section(f"*Try it*{_login(plan, landed)}\n{text.fence(snippet(plan).splitlines())}"),
        m.section(f"*Next*\n{text.listing(next_steps(plan))}"),
    ]
    spoken = [people, *_sentences(run, plan, report), "The thread shows code to try it."]
    return m.make_message("end", spoken, blocks, broadcast=True)


def _sample(sample: Sample) -> str:
    """What the model answered before and after, word for word."""
    return (
        f"*Asked* {text.quote(sample.prompt, 700)}\n*Before* {text.quote(sample.base, 900)}"
        f"\n*After* {text.quote(sample.tuned, 900)}"
    )


def _both(run: Run) -> str:
    """Mention who asked and who approved, once each."""
    names = [run.requester, run.decided_by] if run.decided_by else [run.requester]
    return " ".join(text.mention(user) for user in dict.fromkeys(names) if user)


def _numbers(run: Run, plan: Plan, report: Report) -> tuple[tuple[str, str], ...]:
    expected = plan.estimate
    return (
        (card.metric(run).capitalize(), _change(run)),
        ("Metrics", _metrics(report)),
        ("Evaluation", "\n".join(chart.evaluated(report.before, report.after)[:4])),
        ("Memory", _memory(plan, report)),
        (
            "Cost",
            f"*{text.money(report.cost_usd)}*\nexpected {text.about_money(expected.cost_usd)} ·"
            f" ceiling {text.ceiling(plan.ceiling_usd)}",
        ),
        (
            "Time",
            f"{text.duration(report.running_s)}\nexpected {text.about(expected.hours * 3600)}, {card.start_up(plan)}",
        ),
    )


def learned(run: Run, plan: Plan, report: Report, *, where: str) -> str:
    """Whether it is better than before, in mrkdwn: the first thing that whoever asked wants to know.

    `where` the model's answers and the code to try it are: "below".
    """
    found = outcome(plan, report, run.progress, run.alerts)
    look = f" *{_look(report, where)}*" if found.level == "doubtful" else ""
    return f"{_SIGNS[found.level]} {text.escape(found.text, 900)}{look}"


def _look(report: Report, where: str) -> str:
    return f"Read the answers {where} before you use it." if report.samples else "Try it yourself before you use it."


def _emoji(run: Run, plan: Plan, report: Report) -> str:
    doubtful = outcome(plan, report, run.progress, run.alerts).level == "doubtful"
    return _SIGNS["doubtful"] if doubtful else "✅"


def _change(run: Run) -> str:
    line = "" if chart.curve(run) else text.sparkline(point.value for point in run.progress.points)
    return f"{card.change(run) or card.values(run)[0]}\n{line}".strip()


def _metrics(report: Report) -> str:
    known = [
        f"{label} {text.number(report.metrics[name])}" for name, label in _METRICS.items() if name in report.metrics
    ]
    return "\n".join(known[:4])


def _memory(plan: Plan, report: Report) -> str:
    peak = report.memory_gib.get("gpu_reserved") or report.memory_gib.get("host")
    return f"{peak:.1f} GiB at the peak\nexpected {plan.estimate.memory_gib:.1f} GiB" if peak else ""


def files(landed: Landed) -> str:
    """The largest files of the repository; the rest is counted."""
    largest = sorted(landed.files.items(), key=lambda item: -item[1])
    lines = [f"{text.code(name, 80)} {text.size(count)}" for name, count in largest[:_MAX_FILES]]
    if len(largest) > _MAX_FILES:
        lines.append(f"and {len(largest) - _MAX_FILES} more")
    return "\n".join(lines)


def _checked(landed: Landed, plan: Plan) -> str:
    base = f"\nadapter of {text.code(landed.adapter_base)}" if landed.adapter_base else ""
    visible = "private" if plan.private else "public"
    return (
        f"the files are there · commit {text.code(landed.sha[:7])}\nwritten {text.date(landed.committed_at)} ·"
        f" {visible}{base}"
    )


def _login(plan: Plan, landed: Landed) -> str:
    """What has to be done once before the code below finds the model."""
    if not landed.url.startswith(_HUB):
        hub = landed.url.removesuffix(f"/{plan.output_repo}")
        return f" (first {text.code(f'export HF_ENDPOINT={hub} HF_TOKEN=…')}, with a token of that Hub)"
    return " (it is private: run `hf auth login` once)" if plan.private else ""


def _sentences(run: Run, plan: Plan, report: Report) -> list[str]:
    found = outcome(plan, report, run.progress, run.alerts)
    first, last = card.values(run)
    curve = f"The {card.metric(run)} of the training went from {first} to {last}." if card.change(run) else ""
    return [
        f"Done: the model is on the Hub at {text.escape(report.landed.url, 400)}.",
        text.escape(found.text, 900),
        _look(report, "at the end of the thread") if found.level == "doubtful" else "",
        curve if found.level != "unknown" else "",
        f"It took {text.duration(report.running_s)} and cost {text.money(report.cost_usd)}"
        f" (expected {text.about_money(plan.estimate.cost_usd)}).",
        card.sentence(plan),
    ]
