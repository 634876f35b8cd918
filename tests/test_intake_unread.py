"""Flags and assignments that nobody knows are named on the card instead of being dropped in silence."""

import pytest

from bot.intake import parse
from bot.intake.commands import NewRequest, Revise, ThreadContext
from bot.intake.wishes import grants, wishes
from handlers.views.thread import thread
from tests.block_kit import check
from tests.builders import make_plan, make_request, make_run

ASK = "/finetune Qwen/Qwen3-0.6B on trl-lib/Capybara"


@pytest.mark.parametrize(
    ("more", "unread"),
    [
        ("--foo 3", ("--foo 3",)),
        ("--foo=bar --epochs 2", ("--foo=bar",)),
        ("--foo 3 --foo 3 --bar", ("--foo 3", "--bar")),
        ("foo=3, epochs=2", ("foo=3",)),
        ("magic_number='a b' lr=1e-4", ("magic_number='a b'",)),
        ("parent=acme.", ("parent=acme",)),
        ("epochs=2 lr=1e-4 --lora", None),
        ("learning-rat=1e-4", None),  # a slip of the pen
        ("--bf16 --logging_steps 10", None),  # known, and a matter of the script
        ("for 2 epochs, under $5", None),
    ],
)
def test_what_nobody_knows_is_kept_as_typed(more, unread):
    command = parse(f"{ASK} {more}")
    assert isinstance(command, NewRequest), command
    assert command.request.unread == unread


def test_pasted_code_is_full_of_names_that_set_nothing():
    pasted = "SFTTrainer(model='Qwen/Qwen3-0.6B', train_dataset=load_dataset('trl-lib/Capybara'), args=config)"
    command = parse(f"/finetune {pasted}")
    assert isinstance(command, NewRequest)
    assert command.request.unread is None


def test_a_change_in_a_thread_names_it_too_beside_what_it_changes():
    context = ThreadContext(state="awaiting_approval", plan=make_request())
    assert parse("use lora --foo 3", thread=context) == Revise(changes={"lora": True, "unread": ("--foo 3",)})


@pytest.mark.parametrize(
    ("words", "unread"),
    [
        ("4 epochs, and cheaper", ("cheaper",)),
        ("use lora, approve it yourself", ("approve it yourself",)),
        ("train longer: 4 epochs", None),
        ("put that on an l4x1, a bit cheaper", ("a bit cheaper",)),
        ("use a bigger gpu, a100-large", None),
        ("use lora, thanks", None),
    ],
)
def test_a_clause_that_only_wishes_is_named_unless_the_value_follows(words, unread):
    command = parse(words, thread=ThreadContext(state="awaiting_approval", plan=make_request()))
    assert isinstance(command, Revise), command
    assert command.changes
    assert command.changes.get("unread") == unread


def test_what_an_earlier_change_said_in_vain_is_forgotten_with_the_next():
    context = ThreadContext(state="awaiting_approval", plan=make_request(unread=("cheaper",)))
    assert parse("use lora", thread=context) == Revise(changes={"lora": True, "unread": None})


@pytest.mark.parametrize(
    ("words", "wished"),
    [
        ("a smaller learning rate", {"learning_rate": False}),
        ("fewer epochs and a larger batch", {"epochs": False, "batch_size": True}),
        ("chocolate", {}),
    ],
)
def test_a_wish_names_its_setting_and_its_direction(words, wished):
    assert wishes(words) == wished


def test_only_a_change_in_the_wished_direction_grants_a_wish():
    wished, now = {"learning_rate": False}, {"learning_rate": 2e-5}
    assert grants({"learning_rate": 2e-6}, wished, now)
    assert not grants({"learning_rate": 2e-4}, wished, now)
    assert not grants({"batch_size": 1}, wished, now)
    assert not grants({"learning_rate": 2e-6}, {}, now)


def test_the_card_names_it_inert_and_says_that_it_changes_nothing():
    request = make_request(unread=("--foo 3", "bar=<!channel>"))
    run = make_run(plan=make_plan(request=request))
    card = thread(run)[0]
    check(card)
    said = next(block["text"]["text"] for block in card.blocks if "*You said*" in str(block))
    assert "⚠️ I did not read `--foo 3` · `bar=&lt;!channel&gt;`, so it changes nothing. `/finetune help`" in said
    assert "I did not read" not in str(thread(make_run())[0].blocks)
