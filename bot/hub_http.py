"""How we speak HTTP to the Hub: with time limits, and with one translation of everything that can go wrong.

Used by bot/hub.py and bot/jobs.py; knows neither models nor jobs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub import set_client_factory
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.utils import parse_ratelimit_headers

from bot.errors import HubRefusal, Transient

_FIXES = {
    401: "Check HF_TOKEN: create a new token at https://huggingface.co/settings/tokens and restart Tunesmith.",
    402: "Add credits at https://huggingface.co/settings/billing, or name another namespace that has some.",
    403: "Give the token of Tunesmith this right (job.write in the paying namespace, write on the output repository).",
    404: "Check the name on https://huggingface.co.",
}


def use_time_limits(timeout_s: float) -> None:
    """Give huggingface_hub's shared client a time limit; its own default waits for ever.

    `timeout_s` bounds the connection and every single read, in seconds. Redirects are not followed: what we call
    answers itself, and nobody can send our token elsewhere.
    """
    set_client_factory(lambda: httpx2.Client(timeout=timeout_s, follow_redirects=False))


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn the client's exceptions into ours. `doing` completes "The Hub did not answer while ...".

    Raises:
        HubRefusal: 400, 401, 402, 403, 404, 409, 422 and the other definite answers.
        Transient: no answer, an answer that cannot be read, 408, 429 and 5xx.
    """
    try:
        yield
    except HfHubHTTPError as error:
        raise _from_answer(error, doing) from error
    except httpx2.HTTPError as error:
        raise Transient(f"the Hub did not answer while {doing}: {type(error).__name__}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # a web page, half an answer or another shape than the client knows: nothing definite was said
        raise Transient(f"the Hub's answer could not be read while {doing}: {type(error).__name__}") from error


def _from_answer(error: HfHubHTTPError, doing: str) -> HubRefusal | Transient:
    response = error.response
    status = response.status_code
    said = (error.server_message or "").strip()
    if status in (408, 429) or status >= 500:
        return Transient(f"the Hub answered {status} while {doing}", retry_after_s=_retry_after_s(response))
    if isinstance(error, GatedRepoError):
        problem = f"The Hub refused while {doing}: access has to be requested first."
        return HubRefusal(problem, "Request access on its page on the Hub, with the account of the token.", status=403)
    if isinstance(error, RepositoryNotFoundError):
        status = 404
    problem = f"The Hub refused while {doing} ({status}{': ' + said if said else ''})."
    return HubRefusal(problem, _FIXES.get(status, "Read what the Hub says and change the request."), status=status)


def _retry_after_s(response: httpx2.Response) -> float | None:
    limit = parse_ratelimit_headers(response.headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
