"""LanguageModel over the chat completions of Hugging Face, or of any server that speaks them.

One call, one try, one time limit. Does not read the answer: bot.intake.assisted does.
"""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from typing import Any

from huggingface_hub import (
    ChatCompletionInputJSONSchema,
    ChatCompletionInputResponseFormatJSONSchema,
    InferenceClient,
)

from bot.errors import Transient
from bot.hub_http import translated

#: Calls side by side; a further one waits, and gives up when its time is over.
_PARALLEL = 4
#: Tokens; a whole answer has about 200.
_MAX_TOKENS = 400


class HubLanguageModel:
    """A model that answers by a schema. Safe to call from several threads."""

    def __init__(self, *, name: str, url: str, token: str, timeout_s: float) -> None:
        """`url` "": Hugging Face's own router; else a server with /v1/chat/completions below it."""
        self.name = name
        self._timeout_s = timeout_s
        self._client = (
            InferenceClient(base_url=url, token=token, timeout=timeout_s)
            if url
            else InferenceClient(token=token, timeout=timeout_s)
        )
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="language-model")

    def complete(self, instructions: str, message: str, schema: dict[str, Any]) -> str:
        """Ask once and return the text of the answer.

        Raises:
            Transient: no answer in time, or none that can be read.
            HubRefusal: the server refuses: the token, the model's name, the balance.
        """
        # the client's own limit is for each read: a server that drips would hold us for ever
        asked = self._pool.submit(self._ask, instructions, message, schema)
        try:
            return asked.result(timeout=self._timeout_s)
        except TookTooLong as error:
            asked.cancel()
            raise Transient(f"{self.name} did not answer within {self._timeout_s:g} s") from error

    def _ask(self, instructions: str, message: str, schema: dict[str, Any]) -> str:
        with translated(f"asking {self.name} to read a message"):
            answer = self._client.chat_completion(
                [{"role": "system", "content": instructions}, {"role": "user", "content": message}],
                model=self.name,
                max_tokens=_MAX_TOKENS,
                temperature=0.0,
                seed=0,
                response_format=ChatCompletionInputResponseFormatJSONSchema(
                    type="json_schema",
                    json_schema=ChatCompletionInputJSONSchema(name="reading", schema=schema, strict=True),
                ),
            )
            return str(answer.choices[0].message.content or "")
