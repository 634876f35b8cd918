"""Questions about a run and about words: which message is one, and what it asks for."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.about import TOPICS, About, asked_about
from bot.intake.glossary import BY_NAME, TERMS, term_of
from bot.intake.slack_text import read_slack
from bot.models import Run, TrainingRequest
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
        "why is the loss so high",
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
    asking = ("what", "which", "who", "how", "why", "when", "where", "is ", "can ", "does ", "do ", "will ", "are ")
    assert [words for words in taken if "?" not in words and not words.startswith(asking)] == []


def test_every_name_of_the_glossary_means_one_thing_and_every_field_exists():
    names = [name.lower() for term in TERMS for name in (term.name, *term.also)]
    assert len(names) == len(set(names)) == len(BY_NAME)
    assert all(term.field in TrainingRequest.model_fields for term in TERMS if term.field)
    assert term_of("  Low-Rank   Adaptation ") == term_of("lora")


@pytest.mark.parametrize("name", sorted(walks()))
def test_every_question_has_a_short_answer_in_every_state(name):
    run = walks()[name]
    asked = [About(topic=topic) for topic in TOPICS]
    asked += [About(topic=field, why=why) for field in TrainingRequest.model_fields for why in (False, True)]
    for about in asked:
        if about.topic not in ("text", "read_by"):
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
