"""Reading from the Hub: documents of bounded size, over the client that huggingface_hub shares.

Knows HTTP, the token and the endpoint; does not know what the documents mean. Every call has a time limit and stops
reading at a size limit. A redirect to another host is followed for large files alone, which the Hub keeps elsewhere,
and without the token. https://huggingface.co/docs/hub/api
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx2
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from bot.errors import HubRefusal
from bot.hub_http import translated

#: Bytes of one document; cards, configurations and sample rows are far below.
MAX_BYTES = 5_000_000
#: Bytes of one tokenizer.json; the largest vocabularies take 35 MB.
MAX_FILE_BYTES = 64_000_000
_MAX_REDIRECTS = 3

Params = Mapping[str, str | int | list[str]]


class HubReader:
    """Gets documents. Safe to call from several threads."""

    def __init__(self, *, endpoint: str, token: str, timeout_s: float) -> None:
        self.endpoint = endpoint.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s

    def get(self, url: str, params: Params | None = None, *, doing: str) -> Any:
        """The JSON at an address. `doing` completes "The Hub did not answer while ...".

        Raises:
            HubRefusal: a definite refusal, or a document beyond MAX_BYTES (status 413).
            Transient: no answer, or none that can be read.
        """
        with translated(doing):
            return json.loads(self._body(url, params, doing))

    def api(self, path: str, params: Params | None = None, *, doing: str) -> Any:
        """The JSON at a path below /api."""
        return self.get(f"{self.endpoint}/api/{path}", params, doing=doing)

    def file(self, repo_id: str, revision: str, path: str, *, doing: str, limit: int = MAX_BYTES) -> bytes:
        """The content of a file of a model's repository, of at most `limit` bytes."""
        address = f"{self.endpoint}/{repo_id}/resolve/{quote(revision, safe='')}/{quote(path)}"
        with translated(doing):
            return self._body(address, None, doing, limit=limit)

    def allowed(self, path: str, *, doing: str) -> None:
        """Ask a path below /api whose answer is its status alone.

        Raises:
            HubRefusal: it says no.
        """
        with translated(doing):
            self._body(f"{self.endpoint}/api/{path}", None, doing)

    def _body(self, url: str, params: Params | None, doing: str, *, limit: int = MAX_BYTES) -> bytes:
        """Read what an address answers; only beyond MAX_BYTES may the Hub send us on to where it keeps large files."""
        home = urlsplit(url).netloc
        for _ in range(_MAX_REDIRECTS + 1):
            is_home = urlsplit(url).netloc == home
            headers = build_hf_headers(token=self._token if is_home else False, library_name="tunesmith")
            with get_session().stream(
                "GET",
                url,
                params=dict(params) if params else None,
                headers=headers,
                timeout=self._timeout_s,
                follow_redirects=False,
            ) as response:
                if not response.has_redirect_location:
                    return _read(response, doing, limit)
                target = urljoin(url, response.headers["Location"])
                # a token and a request stay with the host that they were meant for
                if urlsplit(target).netloc != home and limit == MAX_BYTES:
                    raise _too_far(doing, urlsplit(target).netloc)
                url, params = target, None
        raise _too_far(doing, "itself, again and again")


def _read(response: httpx2.Response, doing: str, limit: int) -> bytes:
    if response.is_error:
        response.read()
        hf_raise_for_status(response)
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > limit:
            raise HubRefusal(
                f"The Hub's answer is larger than {limit // 1_000_000} MB while {doing}.",
                "Use a repository with a smaller description.",
                status=413,
            )
        parts.append(part)
    return b"".join(parts)


def _too_far(doing: str, where: str) -> HubRefusal:
    return HubRefusal(f"The Hub sent us on to {where} while {doing}.", "Check the address in HF_ENDPOINT.", status=308)
