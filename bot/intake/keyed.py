"""Explicit assignments: key=value, key: value, --flags, JSON and keyword arguments of pasted code.

Reads what is written by key; sentences are the business of `free_text`.
"""

import difflib
import re

from bot.intake import grammar, hardware, hub_names, refusals
from bot.intake.grammar import KEYS, Keyword, Kind
from bot.intake.sheet import Rule, Sheet
from bot.intake.tagging import NAME
from bot.intake.values import NUMBER
from bot.intake.words import word_set

_BLANKED = re.compile(r"[-_ ]+")
_KEY_WORDS = "|".join(sorted((re.escape(key).replace("_", "[-_ ]") for key in KEYS), key=len, reverse=True))
#: `key=`, `key:`, `"key":` with a known key, or any --flag.
_START = re.compile(
    rf"(?P<q>[\"'])?(?:(?<![\w/.$%-])(?P<flag>--?(?=[A-Za-z]{{2}}|[a-z]\b)[A-Za-z][\w-]{{0,60}})(?:=|(?=\s|$|,))"
    rf"|(?<![\w/.$%=-])(?P<key>{_KEY_WORDS})(?P<end>[\"'])?(?:\s?(?P<mark>:=|=(?!=|>)|->|:(?!//))|(?P<dash>\s-\s)))",
    re.I,
)
_SHORT = {"m": "model", "d": "dataset", "o": "output", "e": "epochs"}
_NO = re.compile(r"(?:no|not|without|disable)[-_]?(.+)", re.I)
_VALUE = re.compile(r"\s*(?:\"([^\"\n]{0,300})\"|'([^'\n]{0,300})'|(\S{1,8000}))")
_SPELLED = re.compile(rf"\s*{NUMBER}", re.I)
#: Values that name nothing: left open, or a variable of pasted code.
_NO_NAMES = word_set(
    "none auto any tbd ? same model dataset tokenizer train_dataset ds base_model model_name model_id dataset_name"
)
_INSIDE = re.compile(r"^[\[({]*|[\])},;]*$")
_SLICE = re.compile(r"([\w-]+)\[\s?:\s?(\d{1,12})(%)?\s?\]")


_LOAD = re.compile(
    rf"(?:[\w.]+\s?=\s?)?(?P<call>load_dataset|Auto\w{{1,30}}\.from_pretrained"
    rf"|FastLanguageModel\.from_pretrained|(?:SFT|DPO|GRPO)Trainer)\(\s*(?:path\s?=\s?|model_name\s?=\s?"
    rf"|pretrained_model_name_or_path\s?=\s?)?"
    rf"[\"'](?P<name>{NAME}|[\w.-]{{1,96}})[\"'](?:\s*,\s*(?:name\s?=\s?)?[\"'](?P<config>[\w.-]{{1,96}})[\"'])?"
)


def _calls(sheet: Sheet) -> None:
    """Read the calls of pasted code that name the dataset and the model."""
    for match in sheet.find(Rule(_LOAD, ("load_dataset", "from_pretrained", "trainer("))):
        field = "dataset" if match["call"] == "load_dataset" else "model"
        name, config = sheet.tagged.untagged(match["name"]), match["config"]
        words = sheet.cut(match)
        if match["call"].endswith("Trainer"):
            sheet.say("method", match["call"].removesuffix("Trainer").lower(), words)
        if "Tokenizer" in match["call"] or not hub_names.is_valid_id(name):
            continue
        sheet.say(field, name, words)
        if config and field == "dataset":
            sheet.say("dataset_config", config, words)


def read_keyed(sheet: Sheet) -> None:
    """Take every assignment off the sheet."""
    _calls(sheet)
    starts = list(_START.finditer(sheet.text))
    for index, match in enumerate(starts):
        if sheet.text[match.end() - 1] == "\x00":
            continue  # inside of what was read already
        stop = starts[index + 1].start() if index + 1 < len(starts) else len(sheet.text)
        flag, key = match["flag"], match["key"]
        if flag:
            _flag(sheet, match, stop)
        elif key:
            row = KEYS[grammar.fold(_BLANKED.sub("_", key))]
            loose = match["mark"] in {":", "->"} or match["dash"] is not None
            if loose and not match["end"] and _is_prose(sheet.text, match, row):
                continue
            _assign(sheet, row, match.start(), match.end(), stop, colon=loose)
    _unknown(sheet)


#: key=value or key:value with a key that nobody knows.
_UNKNOWN = Rule(
    re.compile(rf"(?<![\w/.$%&?-])(?P<key>[A-Za-z][\w-]{{4,30}})(?:=|:(?=[\d\ue000-\uf8ff]))(?=[\w\"'.-]|{NAME})"),
    ("=", ":"),
)


def _unknown(sheet: Sheet) -> None:
    """Read keys with a slip of the pen in them."""
    for match in sheet.find(_UNKNOWN):
        name = grammar.fold(match["key"])
        if row := _close(name):
            _assign(sheet, row, match.start(), match.end(), len(sheet.text), colon=False)


def _is_prose(text: str, match: re.Match[str], row: Keyword) -> bool:
    """Tell a word that a clause ends with from a key."""
    before = text[: match.start()]
    if match["key"].lower() == "to":
        return True
    if match["dash"] and before and not before.endswith("\n"):
        return True
    if match["key"].lower() in row.units and re.search(r"\d ?$", before):
        return True  # "1,500 steps: ..."
    following = text[match.end() : match.end() + 60].lstrip(" ")
    if row.kind in grammar.NUMERIC and re.match(NAME, following):
        return True  # "with fewer steps: a/b on c/d"
    return not following or following[0] in "\n,"


def _flag(sheet: Sheet, match: re.Match[str], stop: int) -> None:
    name = grammar.fold(match["flag"])
    if name == "m" and re.search(r"(?:python3?|launch|torchrun) ?$", sheet.text[: match.start()]):
        return  # a module of Python
    known = len(name) > 1 or name in _SHORT or match["flag"].startswith("--")
    row = KEYS.get(_SHORT.get(name, name)) if known else None
    negated = _NO.fullmatch(name)
    if row is None and negated and (target := KEYS.get(negated[1])) and target.kind is Kind.FLAG:
        words = sheet.cut(match)
        sheet.say(target.field, False, words)
        return
    if row is None and name in {"public", "full", "full_finetune", "full_finetuning", "full_ft"}:
        words = sheet.cut(match)
        sheet.say("private" if name == "public" else "lora", False, words)
        return
    if row is None and name in {"sft", "dpo", "grpo"}:
        sheet.say("method", name, sheet.cut(match))
        return
    if row is None:
        row = _close(name)
    if row is None or row.kind is Kind.IGNORED:
        value = re.compile(r"[ ]?(?!-)[^\s]{1,300}").match(sheet.text, match.end(), stop)
        takes_value = value is not None and (match[0].endswith("=") or _is_value(value[0]))
        words = sheet.take(match.start(), value.end() if value and takes_value else match.end())
        if row is None:
            sheet.unread.append(words)
        return
    if row.kind is Kind.FLAG and not match[0].endswith("="):
        value = re.compile(r"[ ](true|false|yes|no|on|off|0|1)(?![\w])", re.I).match(sheet.text, match.end(), stop)
        words = sheet.take(match.start(), value.end() if value else match.end())
        sheet.read(row, value[1] if value else "true", words)
        return
    _assign(sheet, row, match.start(), match.end(), stop, colon=False)


def _is_value(text: str) -> bool:
    return (
        re.fullmatch(
            rf"[ ]?(?:[\w./:+-]*[\d./_:][\w./:+-]*|{NAME}|true|false|none|no|yes|auto|steps|epoch|HF_TOKEN)[,;]?",
            text,
            re.I,
        )
        is not None
    )


def _close(name: str) -> Keyword | None:
    """Read a key with slips of the pen in it: word for word like the one that is meant.

    "per_device_eval_batch_size" is no slip of "per_device_train_batch_size".
    """
    if len(name) < 5:
        return None
    words = name.split("_")
    for key in difflib.get_close_matches(name, KEYS, n=3, cutoff=0.75):
        meant = key.split("_")
        if len(meant) == len(words) and all(map(_is_close, words, meant)):
            return KEYS[key]
    return None


def _is_close(typed: str, meant: str) -> bool:
    if typed == meant or is_slip(typed, meant):
        return True
    if typed[:1] != meant[:1] or abs(len(typed) - len(meant)) > 1:
        return False
    return difflib.SequenceMatcher(None, typed, meant).ratio() >= 0.75


def is_slip(typed: str, meant: str) -> bool:
    """Tell whether two words differ by one letter added, lost, changed or swapped with its neighbour."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    same = 0
    while same < min(len(typed), len(meant)) and typed[same] == meant[same]:
        same += 1
    rest, want = typed[same:], meant[same:]
    return (
        rest[1:] == want
        or rest == want[1:]
        or rest[1:] == want[1:]
        or (rest[:2] == want[1::-1] and rest[2:] == want[2:])
    )


def _assign(sheet: Sheet, row: Keyword, start: int, begin: int, stop: int, *, colon: bool) -> None:
    text = sheet.text
    value = _VALUE.match(text, begin, stop)
    if value is None or (value[0].strip().startswith("--")):
        words = sheet.take(start, begin)
        if row.kind is not Kind.IGNORED and row.kind is not Kind.WORD:
            sheet.refuse(refusals.unreadable(row, ""))
        return
    quoted = value[1] is not None or value[2] is not None
    end = value.end()
    if quoted:
        raw = value[1] if value[1] is not None else value[2]
    elif colon and row.kind in {
        Kind.MODEL,
        Kind.DATASET,
        Kind.OUTPUT,
        Kind.METHOD,
        Kind.HARDWARE,
        Kind.HOURS,
        Kind.MONEY,
    }:
        line = re.compile(r"[^,;\n]{1,8000}").match(text, begin, stop)
        raw, end = (line[0], line.end()) if line else (value[3], value.end())
        raw, end = _cut_prose(raw, end)
    elif row.kind in grammar.NUMERIC and (spelled := _SPELLED.match(text, begin, stop)) and spelled.end() > end:
        raw, end = spelled[0], spelled.end()  # "1 x 10^-5"
    else:
        raw = value[3]
        comma = re.search(r",(?!\d{3}(?!\d))(?=[\w\"']|$)|;$", raw)
        if comma and not raw.startswith(("{", "[", "(")):
            if (
                row.kind not in {Kind.MODEL, Kind.DATASET, Kind.OUTPUT}
                or comma.end() == len(raw)
                or raw[comma.start()] == ","
            ):
                end -= len(raw) - comma.start()
                raw = raw[: comma.start()]
        elif row.kind in {Kind.HOURS, Kind.TIMEOUT}:
            longer = re.compile(
                r"\s*\d[\d.,]*\s?(?:h|hrs?|hours?|m|mins?|minutes?|d|days?)(?![\w])(?:\s?\d{1,2}\s?m(?:in)?\b)?", re.I
            ).match(text, begin, stop)
            if longer:
                raw, end = longer[0], longer.end()
    raw = raw.strip().rstrip(",;")
    raw = raw if _SLICE.fullmatch(raw) else _INSIDE.sub("", raw).strip("\"'").strip()
    raw = raw.rstrip(".,")
    if not raw and re.match(r"\s?[{\[(]", text[begin:stop]):
        _open(sheet, row, start, begin)
        return
    words = sheet.take(start, end)
    read_assigned(sheet, row, raw, words)


#: The name of what a nested object describes.
_NESTED_NAME = re.compile(
    rf"\s?\{{[^{{}}]{{0,80}}?[\"'](?:name|id|path|repo|repo_id)[\"']\s?:\s?[\"'](?P<name>{NAME}|[\w.-]{{1,96}})[\"']"
)


def _open(sheet: Sheet, row: Keyword, start: int, begin: int) -> None:
    """Read `"lora": {"r": 16}` and `"dataset": {"name": "a/b"}`: what else is inside is read by its own keys."""
    nested = _NESTED_NAME.match(sheet.text, begin) if row.kind in {Kind.MODEL, Kind.DATASET} else None
    words = sheet.take(start, nested.end() if nested else begin)
    if nested:
        _name(sheet, row, nested["name"], words)
    elif row.kind is Kind.FLAG:
        sheet.say(row.field, True, words)


def _cut_prose(raw: str, end: int) -> tuple[str, int]:
    """Cut "dataset: capybara with lora" before the sentence goes on."""
    further = re.search(r"\s(?:with|for|using|and|on|at|in|please|pls|mit|avec|con|com|then|-|\()\s?|\s\(|\.\s", raw)
    if further and further.start() > 0 and raw[: further.start()].strip():
        end -= len(raw) - further.start()
        raw = raw[: further.start()]
    return raw, end


def read_assigned(sheet: Sheet, row: Keyword, raw: str, words: str) -> None:
    """Note the value of one assignment."""
    shown = sheet.tagged.untagged(raw)
    if row.kind is Kind.IGNORED:
        return
    if row.kind is Kind.OUTPUT and (flavor := hardware.known(shown)):
        sheet.say("hardware", flavor, words)  # "where: l40s"
    elif row.kind in {Kind.MODEL, Kind.DATASET, Kind.OUTPUT}:
        _name(sheet, row, raw, words)
    elif row.kind is Kind.METHOD:
        _method(sheet, row, shown, words)
    elif row.kind is Kind.HARDWARE:
        flavor = hardware.known(shown)
        spoken = hardware.MENTION.match(shown.strip())
        flavor = flavor or (hardware.flavor(spoken) if spoken else None)
        if flavor:
            sheet.say("hardware", flavor, words)
        elif shown.lower() not in {"auto", "any", "cheapest", "best", "default", "gpu", "none"} and not shown.isdigit():
            sheet.refuse(refusals.unknown_hardware(shown))
    elif row.kind is Kind.WORD:
        _word(sheet, row, shown, words)
    elif row.field in {"max_samples", "max_steps"} and shown.strip() in {"-1", "none", "None", "all"}:
        return
    elif row.field == "packing" or row.kind is not Kind.FLAG:
        if re.fullmatch(r"(?i)none|null|auto|default", shown):
            return
        sheet.read(row, _number_of(row, shown), words)
    elif row.field == "lora" and shown.isdigit() and int(shown) > 1:
        sheet.read(grammar.BY_FIELD["lora_r"], shown, words)  # "lora=16"
    elif row.field == "lora" and shown.lower() in {"lora", "qlora", "dora"}:
        sheet.read(grammar.BY_FIELD["load_in_4bit" if shown.lower() == "qlora" else "lora"], "true", words)
    else:
        sheet.read(row, shown, words)


def _number_of(row: Keyword, text: str) -> str:
    """Drop what a value carries besides its number: "epochs: 3 epochs", "budget: max $10"."""
    text = re.sub(
        r"(?i)^(?:max(?:imum)?|up to|at most|under|about|around|approx\.?|only|<=?|≤|~)\s?(?=[\d$.])", "", text.strip()
    )
    unit = re.fullmatch(
        r"(-?[\d.,_]+[kK]?)\s?(?:epochs?|steps?|samples?|rows|examples|tokens?|usd|dollars)", text.strip(), re.I
    )
    return unit[1] if unit and row.kind is not Kind.MONEY else text


def _method(sheet: Sheet, row: Keyword, shown: str, words: str) -> None:
    text = shown.lower().replace("_", "-").strip()
    called = re.match(r"(\w+)\(|\w+\.", text)
    if called:  # `trainer = SFTTrainer(`
        text = called[1] or ""
        if not re.match(r"sft|dpo|grpo", text):
            return
    methods = dict.fromkeys(re.findall(r"(?<![a-z0-9])(sft|dpo|grpo)(?![0-9])", text))
    for pattern, method in (("supervised", "sft"), ("direct preference", "dpo"), ("group relative", "grpo")):
        if text.startswith(pattern):
            methods[method] = None
    for method in methods:
        sheet.say("method", method, words)
    full = re.match(r"full\b", text)
    adapters = re.search(r"(q?)lora|peft", text)
    if adapters or full:
        sheet.say("lora", not full, words)
    if adapters and adapters[1]:
        sheet.say("load_in_4bit", True, words)
    if not methods and not adapters and not full:
        sheet.refuse(refusals.unknown_method(shown) if shown else refusals.unreadable(row, ""))


def _name(sheet: Sheet, row: Keyword, raw: str, words: str) -> None:
    role = "dataset" if row.kind is Kind.DATASET else "model"
    field = row.field
    if len(raw) == 1 and re.fullmatch(NAME, raw):
        entity = sheet.tagged.entity(raw)
        if entity.is_name and hub_names.is_valid_words(entity.name.replace("/", "-")):
            sheet.say(field, entity.name, words)
        elif entity.kind == "path":
            sheet.refuse(refusals.local_path(entity.typed))
        elif entity.kind == "lookalike":
            sheet.refuse(refusals.lookalike(entity.typed))
        elif entity.kind == "foreign":
            sheet.refuse(refusals.foreign_address(entity.typed))
        else:
            sheet.refuse(refusals.invalid_name(entity.typed, role))
        return
    shown = sheet.tagged.untagged(raw)
    with_config = re.fullmatch(rf"({NAME}):([\w.-]+)", raw)
    if with_config and row.kind is Kind.DATASET:
        sheet.say("dataset", sheet.tagged.entity(with_config[1]).name, words)
        sheet.say("dataset_config", with_config[2], words)
        return
    shown = re.sub(r"(?i)^(?:the|our|my)\s+|\s+(?:dataset|model)$", "", shown)
    if not shown or shown.lower() in _NO_NAMES or re.match(r"[A-Za-z_][\w.]*\.[A-Za-z_]\w*\(", shown):
        return  # left open, or a call of pasted code
    if hub_names.is_valid_words(shown) and len(shown.split()) <= 6:
        sheet.say(field, shown, words)
    else:
        sheet.refuse(refusals.invalid_name(shown, role))


def _word(sheet: Sheet, row: Keyword, shown: str, words: str) -> None:
    sliced = _SLICE.fullmatch(shown.replace(" ", ""))
    if row.field == "dataset_config" and re.search(r"\.(?:ya?ml|json|toml)$", shown):
        return  # a file of settings, in a pasted line
    if row.field == "split" and sliced:
        say_slice(sheet, sliced, words)
    elif re.fullmatch(r"[\w.-]{1,96}", shown, re.A):
        sheet.say(row.field, shown, words)
    elif row.field in {"split", "eval_split", "dataset_config"}:
        sheet.refuse(refusals.invalid_name(shown, row.label))


def say_slice(sheet: Sheet, sliced: re.Match[str], words: str) -> None:
    """Note train[:1000] as a split and a number of rows, train[:10%] as a split and a share."""
    sheet.say("split", sliced[1], words)
    row = grammar.BY_FIELD["sample_fraction" if sliced[3] else "max_samples"]
    sheet.read(row, sliced[2] + (sliced[3] or ""), words)


#: The same in a sentence.
SPLIT_SLICE = Rule(_SLICE, ("[",))
