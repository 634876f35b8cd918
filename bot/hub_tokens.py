"""A child process that counts tokens: `python -m bot.hub_tokens`, lines of JSON in, one line of JSON out.

Started by bot/hub_counting.py. A tokenizer and a chat template are a stranger's program: they run here, without any
secret, with limits on memory and processor time. Renders as transformers 5.23 does (utils/chat_template_utils.py) and
tokenizes with the library that transformers uses; imports neither transformers nor the bot.

First line: {"tokenizer": path}. Second line: {"template", "special_tokens", "passages", "show"}, where a passage is
{"text"} or {"messages", "ask"}. Answer: {"lengths", "shown", "problem"}; "problem" is what the template said.
"""

import json
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

#: Bytes of address space: a vocabulary of 256,000 pieces takes about 1 GB while it is read.
_MEMORY_BYTES = 4 * 2**30
#: Seconds of processor time.
_CPU_S = 20
#: Characters of what a template said.
_LONGEST_PROBLEM = 300


def main() -> int:
    """Answer one question; errors are part of the answer."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    # imported here, below the limits, and before the first question comes
    import jinja2.sandbox  # noqa: F401
    from tokenizers import Tokenizer

    first = sys.stdin.readline()
    if not first:
        return 0  # nobody had a question
    tokenizer = Tokenizer.from_file(json.loads(first)["tokenizer"])
    # files may carry the settings of some past use
    tokenizer.no_truncation()
    tokenizer.no_padding()
    asked = json.loads(sys.stdin.readline())
    try:
        texts = read(asked)
    except Exception as error:  # noqa: BLE001 - a template raises anything; whatever it is, the parent tells it
        said = str(error).strip() or type(error).__name__
        sys.stdout.write(json.dumps({"lengths": [], "shown": [], "problem": said[:_LONGEST_PROBLEM]}) + "\n")
        return 0
    # what a template writes holds its special tokens already; running text gets the tokenizer's own
    lengths = [
        len(tokenizer.encode(text, add_special_tokens="text" in passage))
        for text, passage in zip(texts, asked["passages"], strict=True)
    ]
    sys.stdout.write(json.dumps({"lengths": lengths, "shown": texts[: asked["show"]], "problem": ""}) + "\n")
    return 0


def read(asked: dict[str, Any]) -> list[str]:
    """Write each passage as the text that will be tokenized."""
    template = _compile(asked["template"]) if asked["template"] else None
    texts = []
    for passage in asked["passages"]:
        if "text" in passage:
            texts.append(passage["text"])
        else:
            assert template is not None, "messages without a template"
            values = {"messages": passage["messages"], "add_generation_prompt": passage["ask"], "tools": None}
            texts.append(template(**values, documents=None, **asked["special_tokens"]))
    return texts


def _compile(source: str) -> Callable[..., str]:
    import jinja2
    import jinja2.ext
    import jinja2.sandbox

    class Generation(jinja2.ext.Extension):
        """`{% generation %}` marks what the assistant said and prints it as it is."""

        tags = {"generation"}

        def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
            next(parser.stream)
            return list(parser.parse_statements(("name:endgeneration",), drop_needle=True))

    def raise_exception(message: str) -> None:
        raise jinja2.TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, **how: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **how)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda how: datetime.now(UTC).strftime(how)
    return environment.from_string(source).render


if __name__ == "__main__":
    sys.exit(main())
