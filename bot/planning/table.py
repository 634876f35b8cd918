"""A dataset as the judge sees it: every value that can be reached, with its kind, its name in words and its samples.

Pure. Knows no training method.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bot.models.mapping import At, Call, Constant, Expression
from bot.planning.columns import Kind, feature_of, fields_of, is_media_file, json_value, kind_of, list_item, text_of
from bot.planning.vocabulary import ENGLISH

#: A final answer that a reward can compare exactly has at most this many characters.
SHORT = 40
#: With a full stop behind them these are said, and not to be compared.
_SENTENCE_WORDS = 3
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
#: What a key inside a struct is called when its struct has the telling name.
_PLAIN = {"full", "text", "value", "content", "body", "string", "raw", "name"}
_CONCLUSION = re.compile(r"####|\\boxed\{")


@dataclass(frozen=True, eq=False)
class Slot:
    """A column, or a value inside one."""

    path: tuple[str, ...]
    kind: Kind
    #: What lies there in the sample rows, empty ones left out.
    values: tuple[Any, ...]
    #: Of class labels.
    names: tuple[str, ...] = ()
    feature: Any = None
    #: The column holds its value as a JSON text.
    json: bool = False
    #: The last key is taken of every item of a list.
    of_each: bool = False
    #: False: there are no sample rows at all.
    sampled: bool = True

    @property
    def column(self) -> str:
        return self.path[0]

    @property
    def told(self) -> str:
        """Its name for people."""
        return "`" + ".".join(self.path) + "`"

    @property
    def source(self) -> Expression:
        if self.of_each:
            listed: Expression = self.path[0] if len(self.path) == 2 else At(at=self.path[:-1])
            return Call(call="each", to=(listed, Constant(constant=self.path[-1])))
        found: Expression = self.path[0] if len(self.path) == 1 else At(at=self.path)
        return Call(call="parsed", to=(found,)) if self.json else found

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its own name in lower-case words: "answerKey" is answer, key."""
        own = words_of(self.path[-1])
        return words_of(self.path[-2]) if len(self.path) > 1 and set(own) <= _PLAIN else own

    @cached_property
    def key(self) -> str:
        return "_".join(self.words)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(text_of(value) for value in self.values)

    def without(self, prefix: Collection[str]) -> "Slot":
        """The same under a name that lacks its first word, where that is one of these."""
        named = replace(self)
        named.__dict__["words"] = self.words[1:] if set(self.words[:1]) & set(prefix) else self.words
        return named

    @property
    def empty(self) -> bool:
        """True when there are samples, and this is empty in all of them."""
        return self.sampled and not self.values

    @property
    def short(self) -> bool:
        """True for what can be compared exactly: numbers, letters, names, and lists of such."""
        if self.kind in (Kind.NUMBER, Kind.BOOL, Kind.LABEL):
            return True
        cells = [item for value in self.values for item in (value if isinstance(value, list) else [value])]
        return bool(cells) and all(_is_short(text_of(cell).strip()) for cell in cells)

    @property
    def long(self) -> bool:
        return any(not _is_short(text.strip()) for text in self.texts if text.strip())

    @property
    def concludes(self) -> bool:
        """True for worked solutions whose final answer can be read out: #### or a box."""
        return self.kind is Kind.TEXT and any(_CONCLUSION.search(text) for text in self.texts)


def _is_short(text: str) -> bool:
    """One line of few characters, and no sentence; a Chinese or Japanese character says as much as three Latin ones."""
    if text.endswith((".", "!", "?", "。", "！", "？")) and len(text.split()) >= _SENTENCE_WORDS:
        return False
    weight = sum(3 if "\u3040" <= character <= "\u9fff" else 1 for character in text)
    return 0 < weight <= SHORT and "\n" not in text and "```" not in text


def words_of(name: str) -> tuple[str, ...]:
    words = (word.lower() for word in _WORD.findall(name))
    return tuple(ENGLISH.get(word, word) for word in words)


#: Texts that hold lists or structs count as these; others stay the texts that they are.
_UNPACKED = (Kind.MESSAGES, Kind.SHAREGPT, Kind.EXCHANGES, Kind.TEXTS)


#: Other names of a column of tools: what they hold must look like it.
_TOOLS = ("tool", "functions", "function", "available_tools", "available_functions", "function_definitions")


def _are_tools(value: Any) -> bool:
    """True for one or several descriptions of what can be called, each with its name and parameters."""
    listed = value if isinstance(value, list) else [value]
    tools = [tool.get("function", tool) if isinstance(tool, Mapping) else None for tool in listed]
    return bool(tools) and all(
        isinstance(tool, Mapping) and "name" in tool and {"parameters", "description", "input_schema"} & tool.keys()
        for tool in tools
    )


class Table:
    """The columns by what they hold."""

    def __init__(self, features: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows
        self.sampled = bool(rows)
        self.columns = {name: _slot((name,), feature, [row.get(name) for row in rows], self.sampled)
                        for name, feature in features.items()}  # fmt: skip
        self.inner = tuple(inner for slot in self.columns.values() for inner in _inner(slot, self.sampled))

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Columns before what lies inside of them."""
        return (*self.columns.values(), *self.inner)

    def named(self, names: Sequence[str], *kinds: Kind, among: Sequence[Slot] | None = None) -> Slot | None:
        """The slot with the first of the names that there is; words are joined by `_`."""
        slots = [slot for slot in (self.slots if among is None else among) if not kinds or slot.kind in kinds]
        for name in names:
            for slot in slots:
                if slot.key == name and not slot.empty:
                    return slot
        return None

    def where(self, test: Callable[[Slot], bool]) -> list[Slot]:
        return [slot for slot in self.columns.values() if test(slot)]

    @property
    def tools(self) -> Slot | None:
        """The column with the tools that the assistant may call, as a list or as the JSON of one or several."""
        for name in ("tools", *_TOOLS):
            slot = self.columns.get(name)
            if slot is None or slot.kind not in (Kind.TEXT, Kind.TEXTS, Kind.STRUCT, Kind.STRUCTS, Kind.OTHER):
                continue
            read = [json_value(value) if slot.kind is Kind.TEXT else value for value in slot.values]
            if all(map(_are_tools, read)) if name in _TOOLS else slot.kind is not Kind.STRUCT:
                return slot if read else None
        return None

    @property
    def media(self) -> list[str]:
        return [name for name, slot in self.columns.items() if slot.kind is Kind.MEDIA]


def _slot(path: tuple[str, ...], feature: Any, values: Sequence[Any], sampled: bool) -> Slot:
    """Build one slot; a text column whose texts are JSON lists or structs counts as what they hold."""
    kind = kind_of(path[-1], feature)
    names = tuple(str(name) for name in feature.get("names") or ()) if kind is Kind.LABEL else ()
    there = [value for value in values if value not in (None, "", [], {})]
    if kind in (Kind.TEXT, Kind.OTHER) and len(path) == 1 and is_media_file(there):
        kind = Kind.MEDIA
    if kind is Kind.TEXT and there:
        read = [json_value(value) for value in there]
        if all(value is not None for value in read):
            filled = tuple(value for value in read if value)
            inside = feature_of(filled[0] if filled else [])
            # an input such as ["a", "b"] is a text of its own
            if (found := kind_of("", inside)) in _UNPACKED and path[-1].lower() not in ("input", "output", "target"):
                return Slot(path, found, filled, feature=inside, json=True)
    return Slot(path, kind, tuple(there), names, feature, sampled=sampled)


def _inner(slot: Slot, sampled: bool) -> Iterator[Slot]:
    """What lies one or two keys deep; of the items of a list of structs, their texts."""
    if slot.json or len(slot.path) > 2:
        return
    if slot.kind in (Kind.STRUCTS, Kind.EXCHANGES):
        for key, feature in item_fields(slot).items():
            if kind_of(key, feature) is Kind.TEXT:
                lists = [value for value in slot.values if isinstance(value, list)]
                texts = tuple([item.get(key) for item in value if isinstance(item, Mapping)] for value in lists)
                yield Slot((*slot.path, key), Kind.TEXTS, texts, of_each=True)
    if slot.kind in (Kind.STRUCT, Kind.OTHER):
        for key, feature in fields_of(slot.feature).items():
            cells = [value.get(key) for value in slot.values if isinstance(value, Mapping)]
            inner = _slot((*slot.path, key), feature, cells, sampled)
            yield inner
            yield from _inner(inner, sampled)


def item_fields(slot: Slot) -> Mapping[str, Any]:
    """The features of the keys in each item of a list of structs."""
    return fields_of(list_item(slot.feature))
