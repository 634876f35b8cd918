"""Questions about a run and about words: which message is one, and what it asks for."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake import parse
from bot.intake.about import TOPICS, About, asked_about
from bot.intake.glossary import BY_NAME, TERMS, term_of
from bot.intake.slack_text import read_slack
from bot.models import Run, TrainingRequest
from bot.models.request import HOW_SAID
from bot.states import RunStatus
from handlers.heard import context_of
from handlers.views import answers, questions
from handlers.views.facts import fact_text
from handlers.views.help import meaning_text
from tests.builders import BOT, make_plan, make_run
from tests.walks import walks

CORPORA = Path(__file__).parent / "accuracy" / "corpora"


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("what gpu does it use", "hardware"),
        ("hey, which gpu is this on?", "hardware"),
        ("gpu?", "hardware"),
        ("what's the learning rate", "learning_rate"),
        ("how many epochs?", "epochs"),
        ("what batch size are we using?", "batch_size"),
        ("which optimizer", "optimizer"),
        ("is it private?", "private"),
        ("will it be public?", "private"),
        ("does it use lora?", "lora"),
        ("is packing on?", "packing"),
        ("how big is the model?", "model"),
        ("what dataset is this", "dataset"),
        ("how long will it take?", "time"),
        ("how long", "time"),
        ("and how long does the training take?", "time"),
        ("who can approve this?", "approval"),
        ("who needs to sign off?", "approval"),
        ("can I approve it?", "approval"),
        ("who approved this?", "approver"),
        ("who asked for this", "requester"),
        ("how do I stop it?", "stopping"),
        ("when does the plan expire?", "expiry"),
        ("what happens when I approve it?", "next"),
        ("where will the model end up?", "result"),
        ("price?", "cost"),
    ],
)
def test_a_question_about_a_run_is_read_whole(words, topic):
    assert asked_about(words) == About(topic=topic)


@pytest.mark.parametrize("words", ["why a10g?", "why this gpu", "ok, why not an a100?"])
def test_why_asks_for_the_reason(words):
    assert asked_about(words) == About(topic="hardware", why=True)


@pytest.mark.parametrize(
    ("words", "term"),
    [
        ("what is lora", "LoRA"),
        ("what's an epoch?", "epoch"),
        ("what does dpo mean?", "DPO"),
        ("can you explain gradient accumulation", "gradient accumulation"),
        ("I don't know what a split is", "split"),
        ("what is a ceiling?", "ceiling"),
    ],
)
def test_a_question_for_the_meaning_of_a_word(words, term):
    assert asked_about(words) == About(topic=term, meaning=True)


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("why is it so cheap?", "price"),
        ("why so expensive?", "price"),
        ("why does it take so long?", "slow"),
        ("why is it waiting?", "waiting"),
        ("why is the loss so high", "loss"),
        ("is it overfitting?", "loss"),
        ("can I trust the estimate?", "trust"),
        ("how sure are you about the price?", "trust"),
        ("how good will it be?", "quality"),
        ("will the model be any good?", "quality"),
        ("is my data safe?", "privacy"),
        ("who can see my model?", "privacy"),
        ("are my slack messages used for training?", "privacy"),
        ("can I use my own data?", "own_data"),
        ("how do I upload our csv files?", "own_data"),
        ("how much data do I need?", "rows"),
        ("which rows are held back?", "held_back"),
        ("do I pay if it fails?", "failure"),
        ("what can go wrong?", "failure"),
        ("can I close my laptop?", "absence"),
        ("how do I use the model afterwards?", "using"),
        ("should I approve this?", "advice"),
        ("what do the warnings mean?", "warnings"),
        ("is lora better than full?", "full_or_lora"),
        ("what else could it run on?", "other_hardware"),
        ("is there a cheaper gpu?", "other_hardware"),
    ],
)
def test_what_people_wonder_about_is_read_in_their_words(words, topic):
    assert asked_about(words) == About(topic=topic)


@pytest.mark.parametrize(
    "words",
    [
        "@person should I approve this?",
        "should I hit approve or do you?",
        "do you guys think the model is any good?",
        "does anyone know why last month's run was so expensive?",
        "I think it is too expensive. what do you say?",
        "it is so cheap",
        "my data is safe now",
        "shall we talk about whether fine-tuning smaller models is worth the trouble for the quarterly review?",
    ],
)
def test_what_people_say_to_each_other_is_no_question_to_the_bot(words):
    assert asked_about(words) is None


def test_a_question_that_is_said_to_the_bot_need_not_name_the_run():
    words = "how good do models get when the data are as bad as last month"
    assert asked_about(words) is None
    assert asked_about(words, aloud=True) == About(topic="quality")


@pytest.mark.parametrize(
    "words",
    [
        "what dataset should we use next time?",
        "which model did you train last week?",
        "I wonder how many epochs would be enough, last time two were too few",
        "which gpu is best?",
        "what do you think",
        "use lora",
        "2 epochs",
        "approve",
        "can you make it cheaper?",
        "lunch?",
        "any news?",
        "",
        "?",
        "what\nis lora",
        "what is " + "lora " * 60,
    ],
)
def test_anything_else_is_no_such_question(words):
    assert asked_about(words) is None


@given(st.text(max_size=150) | st.lists(st.sampled_from(sorted(BY_NAME)), max_size=20).map(" ".join))
def test_any_text_is_read_without_an_error(words):
    about = asked_about(words)
    assert about is None or about.meaning or about.topic in (*TOPICS, *TrainingRequest.model_fields)


def test_of_all_labelled_talk_only_questions_are_taken_for_questions():
    """What the corpora call no request, and what is read as a question here, ends or begins like one."""
    taken = []
    for path in sorted(CORPORA.glob("*requests.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case["intent"] in {"none", "approve", "reject", "revise", "retry", "new_request"}:
                words = read_slack(case["text"], bot_user=BOT).text
                if asked_about(words):
                    taken.append(words.lower())
    asking = ("what", "which", "who", "how", "why", "when", "where")
    asking += ("is ", "can ", "does ", "do ", "will ", "are ", "should ")
    assert [words for words in taken if "?" not in words and not words.startswith(asking)] == []


def test_every_name_of_the_glossary_means_one_thing_and_every_field_exists():
    names = [name.lower() for term in TERMS for name in (term.name, *term.also)]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert all(term.field in TrainingRequest.model_fields for term in TERMS if term.field)
    assert term_of("  Low-Rank   Adaptation ") == term_of("lora")


def test_why_may_stand_before_a_number():
    assert asked_about("why only 2 epochs?") == About(topic="epochs", why=True)


def ask(words: str, run: Run | None) -> str | None:
    """What is answered to words that were said to the bot."""
    thread = context_of(run) if run else None
    return questions.answer(parse(f"<@{BOT}> {words}", thread=thread, bot_user=BOT), words, run)


def test_the_answers_carry_the_numbers_of_the_run():
    run = make_run()
    assert "about 25 min on `a10g-large` at $1.50 an hour: ~$0.63" in str(ask("why is it so cheap?", run))
    assert "likely $0.45–$0.90" in str(ask("can I trust the price?", run))
    assert "cannot cost more than $1.88" in str(ask("can I trust the price?", run))
    assert "Only members of `tunesmith-lab` can read the model" in str(ask("is my data safe?", run))
    assert "`hf upload tunesmith-lab/my-data data.jsonl" in str(ask("can I use my own data?", run))
    assert "Mind this: The dataset has 4,200 rows; two epochs may overfit." in str(ask("should I approve it?", run))
    running = make_run(RunStatus.RUNNING)
    assert "So far: loss 2.21 (step 10) → *1.51*" in str(ask("is the loss ok?", running))
    done = walks()["succeeded-evaluated"]
    assert str(ask("is it any good?", done)).startswith("It learned: on 200 rows")


def test_questions_that_need_no_run_are_answered_anywhere():
    assert "hf upload YOUR-NAME/my-data" in str(ask("can I use my own data?", None))
    assert "never trained on" in str(ask("do you keep my messages?", None))
    assert ask("how do I use this?", None) is None, "the help answers what is asked about the bot"
    assert ask("2 epochs", make_run()) is None


@pytest.mark.parametrize("name", sorted(walks()))
@pytest.mark.parametrize("words", ["", "hm what about the moon", "wieso ist das so?"])
def test_words_to_the_bot_always_get_something_of_use(name, words):
    run = walks()[name]
    said = answers.not_understood(run)
    assert f"The run {run.status.told}. " in said
    assert len(said) < 700
    assert ask(words, run) is None


@pytest.mark.parametrize("name", sorted(walks()))
def test_every_question_has_a_short_answer_in_every_state(name):
    run = walks()[name]
    asked = [About(topic=topic) for topic in TOPICS]
    asked += [About(topic=field, why=why) for field in TrainingRequest.model_fields for why in (False, True)]
    for about in asked:
        if about.topic not in HOW_SAID:
            answer = fact_text(run, about)
            assert 0 < len(answer) < 700, (about, answer)
    for term in TERMS:
        assert 0 < len(meaning_text(term.name, run)) < 900


def test_what_people_and_the_hub_wrote_is_inert_in_answers():
    hostile = "<!channel> *x* `y`"
    run: Run = make_run(plan=make_plan(defaulted={"hardware": hostile}, approval_rule=hostile, output_repo="a/<!here>"))
    for topic in ("hardware", "approval", "result"):
        answer = fact_text(run, About(topic=topic))
        assert "<!channel>" not in answer
        assert "<!here>" not in answer
