"""What Slack does to a message, undone: entities, links, mentions, smart quotes, code marks, emoji, struck-out text.

Knows Slack's notation only; does not know what a request is.
"""

import re
import unicodedata

from bot.models import Value

#: Characters of a raw message, words of it, and characters once each name counts as one. Nobody types a longer
#: request; a longer text is a paste, and is refused rather than read in part.
LONGEST_RAW, MOST_WORDS, LONGEST_TEXT = 6_000, 300, 1_500

_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile(r"&(?:lt|gt|amp);")
_ANGLE = re.compile(r"<([^<>\s|][^<>|\n]{0,2000})(?:\|([^<>\n]{0,500}))?>")
#: Zero width, soft hyphen, word joiner, byte order mark, variation selectors.
_INVISIBLE = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")
#: Overrides and isolates that can make a name read differently from what it is.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ue000-\uf8ff\ufff0-\uffff\ud800-\udfff\u2028\u2029]")
_SPACES = re.compile("[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
#: Rulers and the like.
_RUN = re.compile(r"([^\w\s])\1{3,}")
_STRUCK = re.compile(r"(?<![\w~/])~(?![\s~])([^~\n]{0,300}[^~\s])~(?![\w~/])")
_BOLD = re.compile(r"(?<![\w*])\*(?![\s*])([^*\n]{0,300}[^*\s])\*(?![\w*])")
_ITALIC = re.compile(r"(?<![\w/.-])_(?![\s_])([^_\n]{0,300}[^_\s])_(?![\w/])")
_BULLET = re.compile(r"(?m)^[ ]*(?:[-*•◦▪]|\d{1,2}[.)])[ ]+")
_QUOTED_LINE = re.compile(r"(?m)^[ \t]*(?:>|&gt;)[^\n]*$")
#: A quoted line that is one name is no talk: it is pasted for what is said below.
_QUOTED_NAME = re.compile(r"(?m)^[ \t]*(?:>|&gt;)[ \t]?([\w.-]{1,96}/[\w.-]{1,96}[ \t]*)$", re.A)
_FLAG_DASH = re.compile(r"(?<![^\s(\[])[—–](?=[A-Za-z])")
_EMOJI_CODE = re.compile(
    r"(?<![\w:/])(?::(?:(?=[\w+'-]{0,40}[a-z+])[a-z0-9_+'-]{1,50}|[+-]1):){1,20}(?!\d)",
    re.I,
)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\U0001f1e6-\U0001f1ff\u200d]")
#: The fence of a block may say its language.
_CODE_SPAN = re.compile(r"```(?:(?:ya?ml|json|toml|bash|sh|shell|python|py|text|txt|console)(?=\s))?|`")
_COMMAND = re.compile(r"(?:(?<=\w)|(?<=\w/))`[^`\n]{1,200}`")
_SLASH = re.compile(r"\s*/(?:finetune|fine-tune|tunesmith)\b", re.I)
_TRANSLATE = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″〝〞「」『』", '"'),
        **dict.fromkeys("‘’‚‛′´ʼ", "'"),
        **dict.fromkeys("‐‑‒−﹣－", "-"),
        **dict.fromkeys("，、", ", "),
        "；": "; ",
        "：": ": ",
        "。": ". ",
        "！": "! ",
        "？": "? ",
        "（": " (",
        "）": ") ",
        "【": " (",
        "】": ") ",
        "＝": "=",
        "％": "%",
        "＄": "$",
        "｜": "|",
        "…": "...",
        "→": "->",
        "⇒": "->",
        "➜": "->",
        **{chr(0xFF10 + n): str(n) for n in range(10)},
    }
)


class SlackText(Value):
    """A message as a person meant it."""

    text: str
    #: It came as a slash command.
    slash: bool = False
    #: The bot itself was mentioned.
    addressed: bool = False
    #: It opens with the mention of a person who is not the bot.
    to_somebody: bool = False
    #: How many mentions of people there are.
    people: int = 0
    #: @here, @channel or @everyone.
    broadcast: bool = False
    #: Characters were in it that turn the reading direction round.
    bidi: bool = False
    #: Everything that was left of it stood in code marks.
    all_code: bool = False
    too_long: bool = False


def read_slack(raw: str, *, bot_user: str) -> SlackText:
    """Undo Slack's notation. `bot_user` is the bot's own user id."""
    if len(raw) > LONGEST_RAW:
        return SlackText(text=_plain(raw[:200]), slash=bool(_SLASH.match(raw)), too_long=True)
    slash = _SLASH.match(raw)
    text = raw[slash.end() :] if slash else raw
    bidi = bool(_BIDI.search(text))
    text = _QUOTED_LINE.sub("", _QUOTED_NAME.sub(r"\1", _BIDI.sub("", _INVISIBLE.sub("", text))))
    text = _CONTROL.sub(" ", unicodedata.normalize("NFC", text))
    seen: list[str] = []
    text = _ANGLE.sub(lambda match: _angle(match, bot_user, seen), text)
    text = _STRUCK.sub(" ", text)
    text = _ENTITY.sub(lambda match: _ENTITIES[match[0]], text).translate(_TRANSLATE)
    text = _FLAG_DASH.sub("--", text).replace("–", "-").replace("—", " - ")
    text, all_code = _without_code_marks(text)
    text = _EMOJI.sub(" ", _EMOJI_CODE.sub(" ", text))
    text = _BULLET.sub("", _ITALIC.sub(r"\1", _BOLD.sub(r"\1", text)))
    text = _tidy(text)
    plain = re.match(r"@tunesmith\b[,: ]*", text, re.I)
    if plain:
        text = text[plain.end() :]
    people = seen.count("person")
    return SlackText(
        text=text.strip(),
        slash=slash is not None,
        addressed="bot" in seen or plain is not None,
        to_somebody=text.startswith("@person") and "bot" not in seen[:1],
        people=people,
        broadcast="everyone" in seen,
        bidi=bidi,
        all_code=all_code,
    )


def _angle(match: re.Match[str], bot_user: str, seen: list[str]) -> str:
    """Turn one <...> into what it stands for."""
    target, label = match[1], match[2]
    if target.startswith("@"):
        kind = "bot" if target[1:] == bot_user else "person"
        seen.append(kind)
        return " " if kind == "bot" else " @person "
    if target.startswith("#"):
        return f" #{label or 'channel'} "
    if target.startswith("!"):
        if target.startswith("!date"):
            return label or " "
        seen.append("everyone" if target[1:] in {"here", "channel", "everyone"} else "person")
        return f"@{label or target[1:]}".replace("@@", "@")
    if target.startswith(("mailto:", "tel:")):
        return label or target.split(":", 1)[1]
    if re.match(r"(?i)[a-z][a-z0-9+.-]{1,15}:", target):
        # Slack makes links of words that look like hosts; what was typed is the label
        return label if label and target in {f"http://{label}", f"https://{label}"} else target
    return match[0]


def _without_code_marks(text: str) -> tuple[str, bool]:
    """Drop backticks; say whether nothing but code was there."""
    if "`" not in text:
        return text, False
    outside = "".join(re.split(r"```|`", text)[::2])
    all_code = not re.search(r"\w", outside)
    return _CODE_SPAN.sub(lambda match: _unmarked(match, text), text), all_code


def _unmarked(mark: re.Match[str], text: str) -> str:
    """Drop a code mark; one right behind a name is no mark of Slack's, but a command of a shell: it stays."""
    if mark[0] != "`":
        return "\n"
    start = text.rfind("`", 0, mark.start()) if text.count("`", 0, mark.start()) % 2 else mark.start()
    return "`" if _COMMAND.match(text, start) and re.search(r"[/\d][\w.-]*$", text[:start]) else ""


def _tidy(text: str) -> str:
    text = _RUN.sub(r"\1\1\1", text)
    lines = (_SPACES.sub(" ", line).strip() for line in text.replace("\\\n", " ").split("\n"))
    return "\n".join(line for line in lines if line).strip()


def _plain(text: str) -> str:
    return _tidy(_CONTROL.sub(" ", _BIDI.sub("", _INVISIBLE.sub("", text))))
