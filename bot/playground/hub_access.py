"""Who calls the local Hub and what they may do, and how the Hub says no.

Knows the tokens, the wallets and the shape of the real Hub's errors. Does not know repositories or jobs.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from bot.playground.wire import Handler

#: The user behind both tokens, and the organization that the user belongs to: the two wallets.
USER = "tunesmith-lab"
ORGANIZATION = "acme"
NAMESPACES = (USER, ORGANIZATION)

TOKEN = "hf_playground"  # noqa: S105 - not a secret: it opens nothing but a server on this machine
READ_ONLY_TOKEN = "hf_playground_readonly"  # noqa: S105


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request."""

    #: None: no token was sent.
    user: str | None
    can_write: bool

    def sees(self, namespace: str) -> bool:
        """Whether private things of the namespace are visible."""
        return self.user is not None and namespace in NAMESPACES


class Refusal(Exception):
    """An answer with an error status, in the words and headers of the real Hub."""

    def __init__(self, status: int, message: str, *, code: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        #: X-Error-Code, from which huggingface_hub picks the exception's class; "": none.
        self.code = code
        self.headers = headers or {}

    def response(self) -> web.Response:
        headers = {"X-Error-Message": " ".join(self.message.split()), **self.headers}
        if self.code:
            headers["X-Error-Code"] = self.code
        return web.json_response({"error": self.message}, status=self.status, headers=headers)


def caller_of(request: web.Request) -> Caller:
    """Read the token of a request.

    Raises:
        Refusal: a token was sent and is none of ours; the real Hub then refuses public things, too.
    """
    header = request.headers.get("Authorization", "")
    if not header:
        return Caller(user=None, can_write=False)
    match header.removeprefix("Bearer ").strip():
        case token if token == TOKEN:
            return Caller(user=USER, can_write=True)
        case token if token == READ_ONLY_TOKEN:
            return Caller(user=USER, can_write=False)
        case _:
            raise Refusal(401, "Invalid credentials in Authorization header")


def require_user(request: web.Request) -> Caller:
    """The caller, who must have sent a token."""
    caller = caller_of(request)
    if caller.user is None:
        raise Refusal(401, "Invalid username or password.")
    return caller


def require_permission(request: web.Request, namespace: str, permission: str) -> Caller:
    """The caller, who must hold a permission such as "job.write" or "repo.write" in the namespace."""
    caller = require_user(request)
    if namespace not in NAMESPACES or not caller.can_write:
        raise Refusal(
            403,
            "You don't have the required permissions to complete this action on namespace"
            f" {namespace}, missing permissions: {permission}",
        )
    return caller


def iso(moment: datetime) -> str:
    """Write a time as the Hub does: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def account_id(name: str) -> str:
    """The database id of a user or organization: 24 hexadecimal digits."""
    return uuid.uuid5(uuid.NAMESPACE_URL, name).hex[:24]


def owner(name: str) -> dict[str, str]:
    return {"id": account_id(name), "name": name, "type": "user" if name == USER else "org"}


async def json_body(request: web.Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object.

    Raises:
        Refusal: 400, it is not.
    """
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        raise Refusal(400, "Invalid JSON in the request's body") from None
    if not isinstance(body, dict):
        raise Refusal(400, "The request's body is not a JSON object")
    return body


@web.middleware
async def tell_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a Refusal into the Hub's JSON."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()


async def stamp(request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the request id that clients show in their errors."""
    trace = request.headers.get("X-Amzn-Trace-Id", uuid.uuid4().hex)
    response.headers.setdefault("X-Request-Id", f"Root=1-{trace}")


def whoami(caller: Caller, *, payers: dict[str, bool]) -> dict[str, Any]:
    """What /api/whoami-v2 says. `payers` tells for each namespace whether it can pay."""
    permissions = ["repo.content.read", "job.read"]
    if caller.can_write:
        permissions += ["repo.write", "job.write"]
    scoped = [
        {"entity": {"_id": account_id(name), "type": owner(name)["type"], "name": name}, "permissions": permissions}
        for name in NAMESPACES
    ]
    token: dict[str, Any] = {"displayName": "playground", "createdAt": "2026-01-01T00:00:00.000Z"}
    if caller.can_write:
        token |= {"role": "fineGrained", "fineGrained": {"canReadGatedRepos": True, "global": [], "scoped": scoped}}
    else:
        token |= {"role": "read"}
    return {
        **owner(USER),
        "fullname": "Tunesmith Lab",
        "email": "lab@tunesmith.example",
        "emailVerified": True,
        "canPay": payers[USER],
        "periodEnd": None,
        "isPro": False,
        "avatarUrl": "",
        "orgs": [
            {
                **owner(ORGANIZATION),
                "fullname": "Acme",
                "email": None,
                "canPay": payers[ORGANIZATION],
                "periodEnd": None,
                "isEnterprise": False,
                "avatarUrl": "",
                "roleInOrg": "admin" if caller.can_write else "read",
            }
        ],
        "auth": {"type": "access_token", "accessToken": token},
    }
