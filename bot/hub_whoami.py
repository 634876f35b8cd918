"""What /api/whoami-v2 says about a token, as TokenRights. Pure: does not ask."""

from collections.abc import Mapping
from typing import Any

from bot.models import TokenRights


def read_rights(me: Mapping[str, Any]) -> TokenRights:
    """Read the answer. https://huggingface.co/docs/hub/api#get-apiwhoami-v2"""
    token = (me.get("auth") or {}).get("accessToken") or {}
    fine = token.get("fineGrained") or {}
    permissions = {"": frozenset(map(str, fine.get("global") or ()))}
    for scope in fine.get("scoped") or ():
        name = str((scope.get("entity") or {}).get("name") or "")
        permissions[name] = permissions.get(name, frozenset()) | frozenset(map(str, scope.get("permissions") or ()))
    orgs = me.get("orgs") or ()
    return TokenRights(
        user=str(me["name"]),
        role=str(token.get("role") or "unknown"),
        organizations={str(org["name"]): str(org.get("roleInOrg") or "") for org in orgs},
        permissions=permissions,
        without_payment=frozenset(str(it["name"]) for it in (me, *orgs) if it.get("canPay") is False),
    )
