"""Slack's notation, undone."""

import pytest

from bot.intake.slack_text import SlackText, read_slack

CASES = [
    ("entities are characters again", "a &lt;b&gt; &amp; c", "a <b> & c"),
    ("an entity is undone once", "&amp;lt;", "&lt;"),
    ("an address wins over its label", "see <https://huggingface.co/a/b|this>", "see https://huggingface.co/a/b"),
    ("a link that Slack made of a word is the word", "<http://acme.ai|acme.ai>", "acme.ai"),
    ("an e-mail is its label", "<mailto:a@b.c|a@b.c>", "a@b.c"),
    ("a channel is its name", "in <#C123|general>", "in #general"),
    ("smart quotes are quotes", "model=“a” b=‘c’", "model=\"a\" b='c'"),
    ("a non-breaking space is a space", "a\u00a0b", "a b"),
    ("a dash before a flag is two", "—model a –lr 1", "--model a --lr 1"),
    ("a minus sign is a minus", "2e−5", "2e-5"),
    ("Chinese punctuation is punctuation", "a，b：c＝3", "a, b: c=3"),
    ("full-width digits are digits", "epochs=２", "epochs=2"),
    ("code marks go, code stays", "`a/b` and\n```\nx: 1\n```", "a/b and\nx: 1"),
    ("the language of a code block goes", "```yaml\nx: 1\n```", "x: 1"),
    ("a shell's command right behind a name stays", "a/b`rm` on `c/d`", "a/b`rm` on c/d"),
    ("bold and italic marks go", "*a/b* on _c/d_", "a/b on c/d"),
    ("underscores inside a name stay", "a_b_c/d_e", "a_b_c/d_e"),
    ("struck-out text goes", "use ~lr 1e-3~ lr 1e-4", "use lr 1e-4"),
    ("about two is not struck out", "~2 epochs and ~3 hours", "~2 epochs and ~3 hours"),
    ("emoji codes and emoji go", "go :rocket: 🚀 :+1::skin-tone-2:", "go"),
    ("a time is no emoji code", "12:30:45", "12:30:45"),
    ("invisible characters go", "Qwen3\u200b-0.6B\ufeff", "Qwen3-0.6B"),
    ("bullets go", "• model: a\n- data: b\n1. c", "model: a\ndata: b\nc"),
    ("quoted lines go", "&gt; approve\nno", "no"),
    ("a line that a backslash continues is one line", "trl sft \\\n --model a", "trl sft --model a"),
    ("control characters go", "a\x07b\x00c", "a b c"),
]


@pytest.mark.parametrize(("raw", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_undone(raw: str, text: str) -> None:
    assert read_slack(raw, bot_user="U0FTBOT").text == text


def test_who_is_spoken_to() -> None:
    def read(raw: str) -> SlackText:
        return read_slack(raw, bot_user="U0FTBOT")

    assert read("<@U0FTBOT> hi") == SlackText(text="hi", addressed=True)
    assert read("@tunesmith hi") == SlackText(text="hi", addressed=True)
    assert read("/finetune hi") == SlackText(text="hi", slash=True)
    assert read("<@U1ANNA|anna> hi") == SlackText(text="@person hi", to_somebody=True, people=1)
    assert read("<!here> hi") == SlackText(text="@here hi", broadcast=True)
    assert read("`approve`").all_code
    assert read("a\u202eb").bidi
    assert read("x" * 9000).too_long
