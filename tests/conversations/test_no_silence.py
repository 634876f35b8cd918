"""Whoever is asked by the bot, or asks it about a run, gets an answer; what colleagues say to each other gets none."""

import pytest

from bot.models import JobStage
from bot.states import RunStatus
from tests.builders import ASKER, BOT, GUEST, LEAD, make_landed
from tests.conversations.driver import MODEL
from tests.world import begin, logged

_S = RunStatus
ASK = "Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat, 1 epoch"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def waiting(talk):
    talk.asks(ASK)
    talk.new()
    return talk


@pytest.fixture
def training(waiting):
    waiting.clicks(waiting.button("Approve"), LEAD)
    waiting.trains()
    waiting.new()
    return waiting


@pytest.fixture
def stopped(training):
    save = f'@@TUNESMITH {{"ev": "save", "t": 2.0, "step": 64, "commit": "{COMMIT}"}}'
    stop = '@@TUNESMITH {"ev": "stopped", "t": 3.0, "reason": "deadline", "step": 64, "pushed": true}'
    training.jobs.set_stage("job1", JobStage.ERROR, begin(100), logged(60, 1.0), save, stop)
    training.pass_minutes(1)
    output = training.run.plan.output_repo
    training.hub.repos[output] = make_landed(sha=COMMIT)
    training.hub.checkpoints[output, COMMIT] = 64
    training.new()
    return training


# --- answers to the bot's own question


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("i dont know, which one is good?", "`trl-lib/Capybara` conversations"),
        ("my own data", "hf upload"),
        ("hmm", "I did not read “hmm” as an answer. Which dataset shall I use? Answer with the name alone"),
    ],
)
def test_a_reply_that_is_no_dataset_is_answered_with_what_is_asked(talk, words, said):
    talk.asks(f"fine-tune {MODEL}")
    talk.new()
    talk.says(words)
    [told] = talk.new()
    assert said in told
    assert talk.status is _S.DRAFTING


@pytest.mark.parametrize("words", ["i dont know, which one is good?", "a small one", "the biggest"])
def test_whoever_knows_no_base_model_gets_some_with_their_sizes(talk, words):
    talk.asks("fine-tune a model on tunesmith-lab/tiny-chat")
    talk.new()
    talk.says(words)
    [told] = talk.new()
    assert told.count("Qwen/Qwen3-") == 3
    assert "0.6B parameters" in told


def test_a_name_with_a_blank_is_looked_for(talk):
    talk.asks(f"fine-tune {MODEL}")
    talk.says("tiny chat")
    assert (talk.status, talk.run.plan.dataset.repo_id) == (_S.PROPOSED, "tunesmith-lab/tiny-chat")


@pytest.mark.parametrize("words", ["thanks!", "hmm, let me check", f"<@{LEAD}> which one?"])
def test_who_thanks_puts_it_off_or_asks_somebody_else_is_left_alone(talk, words):
    talk.asks(f"fine-tune {MODEL}")
    talk.new()
    talk.says(words)
    assert talk.new() == []


def test_what_others_say_below_the_question_is_not_answered(talk):
    talk.asks(f"fine-tune {MODEL}")
    talk.new()
    talk.says("hmm", GUEST)
    assert talk.new() == []


# --- questions and wishes in a run's thread


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("why bf16?", "This plan computes in `bf16`"),
        ("should I use more epochs?", "1 to 3 epochs are usual"),
        ("should I stop it?", "there is nothing to stop"),
        ("why is it so bad?", "Nothing is trained yet"),
        ("what learning rate should I use?", "Learning rate: `2e-5`. I chose it"),
        ("will I be charged for that?", "paid by `tunesmith-lab`"),
        ("is this going to charge my credit card?", "Nothing is charged before somebody approves"),
        ("train it for longer", "Say how long instead, such as “3 epochs”"),
        ("can you make it smarter?", "a larger base model"),
        ("delete the model", "I delete nothing on the Hub"),
        ("undo that", "Say how it should be"),
        ("which model should I use?", "This plan takes `Qwen/Qwen3-0.6B`"),
    ],
)
def test_a_question_or_a_wish_about_a_plan_gets_a_short_true_answer(waiting, words, said):
    waiting.says(words)
    [told] = waiting.new()
    assert said in told
    assert (waiting.status, waiting.run.revision) == (_S.PROPOSED, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("should I stop it?", "I see nothing to warn of. Stopping costs the time so far"),
        ("why is it so bad?", "It is early: loss 2 (step 10) → *1.8* so far."),
        ("is it learning?", "Loss 2 (step 10) → *1.8*, at step 20."),
        ("when is it done?", "to go"),
        ("train it for longer", "`/finetune Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat epochs=3`"),
        ("undo that", "What is approved runs as it is."),
        ("does the training use my laptop's gpu?", "I did not understand that."),
    ],
)
def test_a_question_or_a_wish_about_a_job_gets_a_short_true_answer(training, words, said):
    training.says(words)
    [told] = training.new()
    assert said in told
    assert len(told) < 420
    assert training.status is _S.RUNNING


@pytest.mark.parametrize(
    "words",
    [
        "should we stop it?",
        f"<@{LEAD}> should I stop it?",
        "nice, is it raining?",
        "I think the model is too small",
        "delete the branch please",
        "can you make it to the meeting?",
        "will you be at the training tomorrow?",
    ],
)
def test_what_colleagues_say_to_each_other_is_not_answered(waiting, words):
    waiting.says(words)
    assert (waiting.new(), waiting.told()) == ([], [])


def test_a_wish_of_somebody_who_has_no_part_in_the_run_is_talk(waiting):
    waiting.says("undo that", GUEST)
    assert waiting.new() == []


# --- the older runs of a thread


def test_resume_goes_on_from_the_older_run_though_a_newer_plan_waits(stopped):
    over = stopped.run
    stopped.says("retry with 3 epochs")
    newer = stopped.run
    stopped.new()
    stopped.says("please resume")
    assert (stopped.run.parent.run_id, stopped.run.plan.resume.step) == (over.id, 64)
    assert stopped.run.id != newer.id


def test_retry_says_which_run_of_the_thread_waits(stopped):
    stopped.says("retry with 3 epochs")
    newer = stopped.run
    stopped.new()
    stopped.says("retry")
    [told] = stopped.new()
    assert told.startswith(f"Run `{newer.short_id}` waits for approval in this thread")
    assert stopped.run.id == newer.id


def test_a_finished_model_can_be_asked_for_though_a_newer_plan_waits(training):
    done = training.run
    training.pass_minutes(30)
    files = {"config.json": 1, "model.safetensors": 1_192_135_096, "tokenizer_config.json": 1}
    training.hub.repos[done.plan.output_repo] = make_landed(committed_at=training.clock(), files=files)
    training.jobs.set_stage("job1", JobStage.COMPLETED, running_s=1800.0)
    training.pass_minutes(1)
    assert training.status is _S.SUCCEEDED
    training.says("retry with 3 epochs")
    assert training.run.id != done.id
    training.new()
    training.says("how do I try it?")
    [told] = training.new()
    assert "The end of this thread has code to try it" in told


# --- outside of threads


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hello", "Hello! Tell me which model to train on which dataset"),
        ("hi there!", "Hello!"),
        ("which model should I use?", "`Qwen/Qwen3-1.7B` 1.7B"),
        ("I have a CSV file on my laptop, can I upload it here?", "hf upload"),
        ("what does held back mean?", "kept out of the training"),
        ("is this going to charge my credit card?", "nobody's own card is"),
    ],
)
def test_what_a_new_user_asks_the_bot_first_is_answered(talk, words, said):
    talk.asks(words)
    [told] = talk.new()
    assert said in told


def test_a_named_dataset_wins_over_data_of_ones_own(talk):
    talk.asks("I want to teach a small model to talk like my chat examples, use tiny-chat")
    assert talk.run.question.field == "model"
    talk.says(MODEL)
    assert (talk.status, talk.run.plan.dataset.repo_id) == (_S.PROPOSED, "tunesmith-lab/tiny-chat")


# --- names that are not there


def test_a_slip_of_the_pen_offers_what_the_hub_has(talk):
    talk.asks("fine-tune qwen4-0.6b on tiny-chat")
    assert (talk.status, talk.run.question.choices) == (_S.DRAFTING, (MODEL,))
    assert "I found no model called “qwen4-0.6b” on the Hub. Do you mean one of these?" in talk.new()[-1]
    talk.says("1")
    assert talk.status is _S.PROPOSED


def test_a_closed_model_is_named_as_one_and_the_right_name_is_said_back(talk):
    talk.asks("fine-tune gpt-4 on tiny-chat")
    assert talk.status is _S.REFUSED
    assert "gpt-4 is a closed model" in talk.new()[-1]
    talk.says(MODEL)
    assert talk.status is _S.PROPOSED
    assert any(f"<@{ASKER}> chose “{MODEL} instead of gpt-4”" in said for said in talk.new())


def test_the_bot_is_greeted_in_a_thread_of_a_run_without_a_lecture(waiting):
    waiting.says(f"<@{BOT}> hello")
    assert waiting.new() == []
