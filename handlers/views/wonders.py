"""Answers to what people wonder about a run beside its numbers, from the run's own facts: mrkdwn for one message.

Pure. Does not read the question: bot.intake.wonders does. Promises nothing that nobody can know.
"""

from collections.abc import Callable

from bot.intake.glossary import BY_NAME
from bot.intake.own_data import how_to_upload
from bot.models import Run, Tuning
from bot.planning import prediction
from bot.states import RunStatus
from bot.training import outcome
from handlers.views import card, text
from handlers.views.again import again_words
from handlers.views.hardware import others_text
from handlers.views.suggestions import models_text
from handlers.views.text import code, escape

_S = RunStatus
_NO_PLAN = "There is no plan yet; it will say so."


def wonder_text(topic: str, run: Run | None) -> str:
    """Answer one of bot.intake.wonders.WONDERS; `run` None: asked outside of any run's thread."""
    return _ANSWERS[topic](run)


def _price(run: Run | None) -> str:
    if run is None or run.plan is None:
        return (
            "The price is the hours that a job runs times what its hardware costs an hour. The hours follow from the"
            " size of the model, the tokens of the data, the epochs and the hardware. A plan shows all of it."
        )
    plan = run.plan
    estimate = plan.estimate
    return (
        f"It is {text.about(estimate.hours * 3600)} on {code(plan.flavor.name)} at"
        f" {text.money(plan.flavor.price_usd_hour)} an hour: {text.about_money(estimate.cost_usd)}."
        f" {text.rough(plan.model.parameters)} parameters read {text.rough(estimate.tokens)} tokens"
        f" ({card.tuning(plan)}); {card.start_up(plan)}. The most it can cost, {text.ceiling(plan.ceiling_usd)}, is"
        " the time limit times the same price. “Why this plan” shows every sum."
    )


def _slow(run: Run | None) -> str:
    if run is None or run.plan is None:
        return f"How long it takes follows from the model, the tokens, the epochs and the hardware. {_NO_PLAN}"
    plan = run.plan
    pace = run.progress.seconds_per_step
    each = f" A step takes {text.number(float(f'{pace:.2g}'))} s." if pace else ""
    return (
        f"{text.count(plan.estimate.steps)} steps with {text.rough(plan.estimate.tokens)} tokens in all through"
        f" {text.rough(plan.model.parameters)} parameters on {code(plan.flavor.name)}; {card.start_up(plan)}.{each}"
        " Fewer epochs, fewer rows, shorter rows, LoRA or faster hardware make it shorter."
    )


def _waiting(run: Run | None) -> str:
    match run.status if run else None:
        case _S.QUEUED:
            assert run is not None
            where = f" {code(run.plan.flavor.name)}" if run.plan else ""
            since = f" since {text.date(run.job.created_at)}" if run.job else ""
            return f"It waits{since} for a free machine of the kind{where}. Waiting costs nothing."
        case _S.PROPOSED:
            assert run is not None
            return f"It waits for an approval. {escape(run.plan.approval_rule, 400) if run.plan else ''}".strip()
        case _S.DRAFTING:
            return "It waits for an answer to the question on the card."
        case _S.RECEIVED | _S.APPROVED | _S.SUBMITTING:
            return "It is about to go on: the card changes in a moment."
        case _S.RUNNING:
            return "It is training. The first minutes go into starting the machine and loading packages and the model."
        case None:
            return "In a run's thread I can say what that run waits for."
        case _:
            assert run is not None
            return f"It waits for nothing: the run {run.status.told}."


def _loss(run: Run | None) -> str:
    meaning = (
        "The loss says how badly the model predicts the examples: what counts is that it falls, since its height"
        " depends on the data. Whether it learns more than the examples themselves shows on the rows that are held"
        " back."
    )
    if run is None or not run.progress.points:
        return meaning
    if run.report and run.plan:
        return f"{escape(outcome(run.plan, run.report, run.progress, run.alerts).text, 500)} {meaning}"
    now = card.change(run) or card.values(run)[0]
    return f"So far: {card.metric(run)} {now}. {meaning}"


def _trust(run: Run | None) -> str:
    if run is None or run.plan is None:
        return f"A plan says how far its numbers can be trusted, and the most it can cost is a hard limit. {_NO_PLAN}"
    plan = run.plan
    span = text.money_span(plan.estimate.cost_low_usd, plan.estimate.cost_high_usd)
    likely = f", likely {span}" if span else ""
    return (
        f"{text.about_money(plan.estimate.cost_usd)}{likely}; {prediction(plan)}. The ceiling is no estimate: the Hub"
        f" stops the job after {text.duration(plan.timeout_s)}, so it cannot cost more than"
        f" {text.ceiling(plan.ceiling_usd)}."
    )


def _privacy(run: Run | None) -> str:
    where = (
        "The data stay in their dataset on the Hub: the job reads them there, on a machine of Hugging Face, and they"
    )
    where += " go nowhere else. Slack messages are never trained on."
    kept = "I keep requests, plans with a few sample rows, some numbers and the end of each log."
    if run is None or run.plan is None:
        return f"{where} A model is private unless somebody asks for a public one. {kept}"
    plan = run.plan
    model = (
        f"Only members of {code(plan.output_repo.partition('/')[0])} can read the model"
        if plan.private
        else f"Everybody will be able to read the model, {code(plan.output_repo)}"
    )
    data = "private" if plan.dataset.private else "public"
    return f"{where} {code(plan.dataset.repo_id)} is {data}. {model}. {kept}"


def _own_data(run: Run | None) -> str:
    namespace = run.plan.namespace if run and run.plan else "YOUR-NAME"
    return f"Yes, as a dataset on the Hub, which may be private. {escape(how_to_upload(namespace), 900)}"


def _rows(run: Run | None) -> str:
    rule = (
        "As a rule of thumb some hundred good rows teach a style or a format, some thousand teach a task; more rows"
        " of the same quality help more than more epochs, and 1 to 3 epochs are usual."
    )
    if run is None or run.plan is None:
        return rule
    plan = run.plan
    has = text.counted(plan.rows, "row") if plan.rows is not None else "a number of rows that the Hub does not know"
    return f"This plan has {has}, {card.length(plan)}. {rule} Say “3 epochs” or “500 rows” to see what that costs."


def _held_back(run: Run | None) -> str:
    how = (
        "Some rows are kept out of the training and measured before and after it, with the same numbers; three of"
        " them are answered by both models."
    )
    if run is None or run.plan is None:
        return how
    if run.report and run.plan.eval_rows:
        return f"{escape(outcome(run.plan, run.report, run.progress, run.alerts).text, 500)} {how}"
    if not run.plan.eval_rows:
        return (
            "No rows are held back here: there are too few to spare any, so the end will not say how much better it is."
        )
    return f"{text.counted(run.plan.eval_rows, 'row')} of split {code(run.plan.split, 60)} are held back. {how}"


def _failure(run: Run | None) -> str:
    most = f", {text.ceiling(run.plan.ceiling_usd)} at most" if run and run.plan else ""
    saved = ""
    if run and run.plan and run.plan.arguments.save_steps:
        saved = f" A checkpoint goes to the Hub every {text.counted(run.plan.arguments.save_steps, 'step')}."
    return (
        f"Then the job ends, and you pay for the minutes that it ran{most}. This thread says why, and offers with one"
        f" click what would mend it or go on from the last checkpoint.{saved} What would surely fail is refused before"
        " anybody can approve it."
    )


def _absence(run: Run | None) -> str:
    del run
    return (
        "You need not wait or keep anything open: the job runs at Hugging Face, and the thread tells whoever asked and"
        " whoever approved when it ends or needs a look."
    )


def _using(run: Run | None) -> str:
    if run and run.report:
        return (
            f"It is at {text.link(run.report.landed.url, run.report.landed.url)}. The end of this thread has code to"
            " try it and commands to evaluate, serve, merge and convert it."
        )
    if run and run.is_final:
        return f"There is no model to try: the run {run.status.told}."
    whose = f" It belongs to {code(run.plan.namespace)}." if run and run.plan else ""
    return (
        "At the end the thread has the link to the model, code to try it, and commands to evaluate, serve, merge and"
        f" convert it.{whose}"
    )


def _quality(run: Run | None) -> str:
    if run and run.report and run.plan:
        return escape(outcome(run.plan, run.report, run.progress, run.alerts).text, 600)
    nobody = "Nobody can say before: it gets better at what the examples show, and only as good as they are."
    if run is None or run.plan is None:
        return f"{nobody} Every run measures held-back rows before and after, and shows answers of both models."
    if run.is_final:
        return f"There is no model to judge: the run {run.status.told}."
    now = f" So far: {card.metric(run)} {card.change(run)}." if card.change(run) else ""
    return f"{nobody}{now} {_held_back(run)}"


def _advice(run: Run | None) -> str:
    if run is None or run.plan is None:
        return f"That is for you to decide. {_NO_PLAN}"
    plan = run.plan
    warnings = [escape(check.text, 160) for check in plan.checks if check.level == "warning"]
    found = f"Mind this: {' '.join(warnings[:2])}" if warnings else "No check found anything to warn of."
    return (
        f"That is for people to decide. {found} It can cost {text.ceiling(plan.ceiling_usd)} at most. If you are"
        " unsure, try it small first: say “100 steps” or “500 rows” and compare."
    )


def _warnings(run: Run | None) -> str:
    plan = run.plan if run else None
    said = [escape(check.text, 300) for check in plan.checks if check.level == "warning"] if plan else []
    said += [escape(warning, 300) for warning in run.progress.warnings[:2]] if run else []
    if not said:
        return "There is no warning here." if run else "A warning names what may go wrong; it stops nobody."
    return f"{' '.join(said[:2])} A warning stops nobody: the plan can be approved all the same, or changed first."


def _full_or_lora(run: Run | None) -> str:
    both = f"{BY_NAME['lora'].meaning} {BY_NAME['full fine-tuning'].meaning}"
    if run is None or run.plan is None:
        return both
    other = "use lora" if run.plan.tuning is Tuning.FULL else "all weights"
    say = f" Say “{other}” to see the other's price." if run.status is _S.PROPOSED else ""
    return f"{both} This plan: {card.tuning(run.plan)}.{say}"


def _other_hardware(run: Run | None) -> str:
    return others_text(run, "") if run else f"{code('/finetune help hardware')} lists everything that can be rented."


def _which_model(run: Run | None) -> str:
    return models_text(run)


def _precision(run: Run | None) -> str:
    meaning = (
        "bf16 and fp16 keep each number in 16 bits, which is fast and takes half the memory of fp32; fp32 is exact and"
        " slow, and bf16 needs an Ampere GPU or a newer one (A10G, L4, A100, H100)."
    )
    if run is None or run.plan is None:
        return f"{meaning} A plan says which one it takes."
    plan = run.plan
    return (
        f"This plan computes in {code(plan.precision)} and loads the weights as {code(plan.dtype)} on"
        f" {code(plan.flavor.name)}. {meaning} Other hardware may change it."
    )


def _stop_advice(run: Run | None) -> str:
    if run is None or run.plan is None or run.status not in (_S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING):
        where = "Nothing runs now" if run else "In a run's thread I can say how that run does"
        return f"{where}, so there is nothing to stop." if run else f"{where}."
    seen = f"So far: {card.metric(run)} {card.change(run)}." if card.change(run) else "There is no curve to judge yet."
    warned = " ".join(escape(alert.text, 200) for alert in run.alerts[-1:])
    return (
        f"That is for people to decide. {seen} {warned or 'I see nothing to warn of.'} Stopping costs the time so far;"
        f" going on costs {text.ceiling(run.plan.ceiling_usd)} at most. To stop it, write {code('cancel')}."
    )


def _learning(run: Run | None) -> str:
    if run is None or not run.progress.points:
        return "There is no measured value yet: the card shows the loss as soon as the job reports it."
    if run.report and run.plan:
        return escape(outcome(run.plan, run.report, run.progress).text, 500)
    if not (moved := card.change(run)):
        return f"There is one value so far: {card.metric(run)} {card.values(run)[1]}. The next ones tell."
    return f"{card.metric(run).capitalize()} {moved}, at step {text.count(run.progress.step)}. {_FALLS}"


_FALLS = "Falling loss is learning; whether it helps beside the examples shows on the held-back rows at the end."


def _charge(run: Run | None) -> str:
    free = "Nothing is charged before somebody approves a plan, and nobody's own card is: jobs are paid by"
    if run is None or run.plan is None:
        return f"{free} the Hugging Face account that Tunesmith is set up with, as each plan says."
    most = f"{text.ceiling(run.plan.ceiling_usd)} at most"
    spent = card.spent_usd(run)
    so_far = f" It cost {text.about_money(spent)} {'in all' if run.is_final else 'so far'}." if spent else ""
    return f"{free} {code(run.plan.namespace)} on Hugging Face, this one with {most}.{so_far}"


def _poor(run: Run | None) -> str:
    causes = (
        "The usual causes: too few or unlike examples, a learning rate that is too high or too low, too many epochs on"
        " little data, or a base model that is too small for the task."
    )
    if run is None or run.plan is None:
        return causes
    if run.report:
        return f"{escape(outcome(run.plan, run.report, run.progress).text, 500)} {causes}"
    if run.is_final:
        return f"There is no model to judge: the run {run.status.told}."
    if not run.progress.points:
        return f"Nothing is trained yet, so there is nothing to judge. {causes}"
    return f"It is early: {card.metric(run)} {card.change(run) or card.values(run)[1]} so far. {causes}"


def _longer(run: Run | None) -> str:
    if run is None or run.plan is None:
        return "Say how long when you ask for it, such as “3 epochs”."
    if run.status is _S.PROPOSED:
        return f"It trains {card.length(run.plan)}. Say how long instead, such as “3 epochs”: the plan follows."
    again = again_words(run, "epochs=3")
    if run.report:
        return f"To train its model further, ask for a run with that model, or anew with more epochs: {again}"
    return f"It trains {card.length(run.plan)}. For more, ask for it anew: {again}"


def _smarter(run: Run | None) -> str:
    if run is None or run.plan is None:
        return "A larger base model and more good examples do most. Name them when you ask for a run."
    ways = "More and better examples, a larger base model, or one or two epochs more."
    if run.status is _S.PROPOSED:
        return f"What helps most: {_lowered(ways)} Say one of them here, such as “use Qwen/Qwen3-4B” or “3 epochs”."
    return f"What helps most: {_lowered(ways)} Ask for it anew with a change: {again_words(run, 'epochs=3')}"


def _deletion(run: Run | None) -> str:
    if run is not None and run.report:
        landed = run.report.landed
        return (
            "I delete nothing on the Hub. Whoever owns the repository can, under Settings:"
            f" {text.link(f'{landed.url}/settings', f'{landed.url}/settings')}"
        )
    if run is not None and not run.is_final:
        return (
            f"There is no model yet, and I delete nothing on the Hub. To drop the {'plan' if _waits(run) else 'run'},"
            f" write {code('reject' if _waits(run) else 'cancel')}."
        )
    return "I delete nothing on the Hub. Whoever owns a repository can, on its Settings page there."


def _undoing(run: Run | None) -> str:
    if run is not None and _waits(run):
        return (
            "Say how it should be, such as “1 epoch”: the plan follows, and the replies in this thread show what"
            f" changed. To drop it altogether, write {code('reject')}."
        )
    if run is not None and not run.is_final:
        return f"What is approved runs as it is. To stop it, write {code('cancel')}; you pay for the time so far."
    return "There is nothing here that I could take back: what is over stays as it is."


def _waits(run: Run) -> bool:
    return run.status in (_S.RECEIVED, _S.DRAFTING, _S.PROPOSED)


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


_ANSWERS: dict[str, Callable[[Run | None], str]] = {
    "price": _price,
    "slow": _slow,
    "waiting": _waiting,
    "loss": _loss,
    "trust": _trust,
    "privacy": _privacy,
    "own_data": _own_data,
    "rows": _rows,
    "held_back": _held_back,
    "failure": _failure,
    "absence": _absence,
    "using": _using,
    "quality": _quality,
    "advice": _advice,
    "warnings": _warnings,
    "full_or_lora": _full_or_lora,
    "other_hardware": _other_hardware,
    "which_model": _which_model,
    "precision": _precision,
    "stop_advice": _stop_advice,
    "learning": _learning,
    "charge": _charge,
    "poor": _poor,
    "longer": _longer,
    "smarter": _smarter,
    "deletion": _deletion,
    "undoing": _undoing,
}
