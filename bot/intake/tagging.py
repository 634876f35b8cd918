"""A message whose names are single characters: what is understood next cannot read into the middle of a name.

Each address, id, short name, path and job id becomes one character of Unicode's private use area; `Tagged.entities`
says what it stands for. Does not decide what a name is for.
"""

import re

from bot.intake import hub_names
from bot.intake.hub_names import Entity
from bot.models import Value

_FIRST = 0xE000
#: Matches a name in tagged text.
NAME = "[\ue000-\uf8ff]"
_MOST = 100
#: Characters; no name, number or word is longer.
_LONGEST_WORD = 300

_ADDRESS = re.compile(
    r"(?:https?://|hf://|s3://|gs://|ftp://|file://|(?:www\.)?(?:huggingface\.co"
    r"|hf\.co)/)[^\s<>\"'|\\^`{}\u3000-\u9fff\uac00-\ud7af]+",
    re.I,
)
_TOKEN = re.compile(r"[^\s\"'<>()\[\],;=|*\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7af\ue000-\uf8ff]+")
_JOB = re.compile(r"(?<![\w/.-])(?:[0-9a-f]{24}|[0-9A-HJKMNP-TV-Z]{26})(?![\w/])")
_OPTION = re.compile(r"\A--?[A-Za-z][\w-]*\Z")


class Tagged(Value):
    """Text with its names replaced by single characters."""

    text: str
    entities: tuple[Entity, ...] = ()

    def entity(self, sign: str) -> Entity:
        return self.entities[ord(sign) - _FIRST]

    def untagged(self, text: str) -> str:
        """Put the names back."""
        return re.sub(NAME, lambda match: self.entity(match[0]).typed, text)


def tag(text: str) -> Tagged:
    """Find the names in a message."""
    entities: list[Entity] = []

    def keep(entity: Entity) -> str:
        if len(entities) >= _MOST:
            return " "
        entities.append(entity)
        return chr(_FIRST + len(entities) - 1)

    def address(match: re.Match[str]) -> str:
        bare = match[0].rstrip(".,;:!?)]'\"*>")
        return keep(hub_names.read_address(bare)) + match[0][len(bare) :]

    def token(match: re.Match[str]) -> str:
        word = match[0]
        if word == "/":
            return word  # between the items of a list, or "lr /= 2"
        bare = word.rstrip(".,:!?*")
        rest = word[len(bare) :]
        if len(bare) > _LONGEST_WORD:
            keyed = re.match(r"-{0,2}[A-Za-z][\w-]{0,40}[:=]", bare)
            return (keyed[0] if keyed else "") + keep(Entity(kind="lookalike", name=bare[:100], typed=bare[:100]))
        for prefix in ("~", "@", ":"):
            if bare.startswith(prefix) and not bare.startswith("~/"):
                return word
        head = ""
        keyed = re.match(r"-{0,2}[A-Za-z][\w-]{0,40}:(?=[\w./~])", bare)
        if keyed and "/" in bare:
            head, bare = bare[: keyed.end()], bare[keyed.end() :]
        if re.fullmatch(r"/\d+", bare):
            return word
        suffixed = re.fullmatch(r"([\w.-]+/[\w.-]+)(:[A-Za-z0-9][\w.-]*)", bare, re.A)
        if suffixed:
            bare, rest = suffixed[1], suffixed[2] + rest
        entity = hub_names.read_slashed(bare) if "/" in bare or "\\" in bare else None
        if entity is None and hub_names.is_lookalike(bare):
            entity = Entity(kind="lookalike", name=bare, typed=bare)
        if entity is None and re.search(r"\.(?:py|ipynb|ya?ml|toml|sh)$", bare):
            entity = Entity(kind="script", name=bare, typed=bare)
        if entity is None and re.search(r"\w\.(?:jsonl?|csv|parquet|tsv|txt|zip|pdf|xlsx)$", bare, re.I):
            entity = Entity(kind="path", name=bare, typed=bare)
        return head + keep(entity) + rest if entity else word

    def named(match: re.Match[str], kind: hub_names.Kind) -> str:
        bare = match[0].rstrip(".-_ ")
        return keep(Entity(kind=kind, name=bare, typed=bare)) + match[0][len(bare) :]

    text = _ADDRESS.sub(address, text)
    text = _TOKEN.sub(token, text)
    text = _JOB.sub(lambda match: keep(Entity(kind="job", name=match[0], typed=match[0])), text)
    text = hub_names.SHORT_MODEL.sub(lambda match: named(match, _short_kind(match[0])), text)
    text = hub_names.SIZED_MODEL.sub(lambda match: named(match, _short_kind(match[0])), text)
    text = hub_names.SHORT_DATASET.sub(lambda match: named(match, "short dataset"), text)
    return Tagged(text=text, entities=tuple(entities))


def _short_kind(words: str) -> hub_names.Kind:
    return "short model" if hub_names.modelness(words) >= 0 else "short dataset"
