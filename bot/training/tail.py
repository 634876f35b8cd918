"""The last lines of a job's log, made fit to be shown: no secrets, no installer noise, no progress bars.

Does not judge what the lines say: that is `diagnose`.
"""

import re
from collections.abc import Sequence

#: Characters of one shown line.
_LINE_LENGTH = 500

_SECRETS = (
    # Hugging Face; ten characters, because code has names such as hf_argparser
    (re.compile(r"\bhf_[A-Za-z0-9]{10,}\w*"), "hf_***"),
    (re.compile(r"\bapi_org_\w{10,}"), "api_org_***"),
    # Slack
    (re.compile(r"\bxox[a-z]-[\w-]+"), "xox*-***"),
    (re.compile(r"\bxapp-[\w-]+"), "xapp-***"),
    (re.compile(r"\b(sk|pk|ghp|gho|github_pat|glpat)[-_][\w-]{16,}"), r"\1-***"),
    (re.compile(r"\b(Bearer|Basic)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), r"\1\2***"),
    (re.compile(r"(\w+://)[^\s/@:]*:[^\s/@]+@"), r"\1***@"),
    (
        re.compile(
            r"([?&](?:[\w-]*(?:signature|token|credential|key|key-pair-id|policy)|sig)=)[^&\s\"']+", re.IGNORECASE
        ),
        r"\1***",
    ),
    (
        re.compile(r"\b(\w*(?:TOKEN|PASSWORD|SECRET|API_KEY)['\"]?\s*[=:]\s*['\"]?)(?!\*)[\w./+~-]{8,}", re.IGNORECASE),
        r"\1***",
    ),
)

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_NOISE = re.compile(
    r"""
    @@[A-Z]+(@@)?[ ]\{                                             # our own lines
    | \d+%\| | \[\d+:\d\d,[ ]                                      # progress bars
    | ^=+[ ]Job[ ]started
    | ^\s*(Downloading|Downloaded|Building|Built|Installed|Resolved|Prepared|Updating|Updated|Audited)\s
    | ^\s*(Using[ ]CPython|Creating[ ]virtual|Reading[ ]inline|Bytecode[ ]compiled|Collecting|Requirement[ ]already)
    | ^\s*(Successfully[ ]installed|Installing[ ]collected|Attempting[ ]uninstall|Using[ ]cached)
    | ^\s*[+~-][ ][\w.\[\]-]+==\S+\s*$                            # uv names what it installs
    | (Future|Deprecation|User)Warning:
    | ^\s*warnings\.warn\(
    """,
    re.VERBOSE,
)


def redact(text: str) -> str:
    """Replace what looks like a secret: tokens, passwords, keys, credentials in addresses."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def clean_tail(lines: Sequence[str], limit: int = 30) -> tuple[str, ...]:
    """Keep the last telling lines: without secrets, bars, installer output and our own progress lines."""
    kept = (_shown(line) for line in lines)
    telling = [line for line in kept if line.strip() and not _NOISE.search(line)]
    return tuple(telling[-limit:]) if limit > 0 else ()


def _shown(line: str) -> str:
    visible = line.rstrip("\r\n").rsplit("\r", 1)[-1]
    text = redact(_ANSI.sub("", visible.replace("\t", "    "))).rstrip()
    return text if len(text) <= _LINE_LENGTH else text[: _LINE_LENGTH - 1] + "…"
