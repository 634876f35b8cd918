"""What a name on the Hub looks like: ids, addresses, model families, known datasets, and what only poses as one.

Judges single names; where a name stands in a sentence is the business of `roles`.
"""

import re
from typing import Literal
from urllib.parse import unquote

from bot.intake.words import word_set
from bot.models import Value

#: The Hub's own limit on "namespace/name". Source: huggingface_hub, `validate_repo_id`.
LONGEST_ID = 96

_PART = r"[A-Za-z0-9](?:[\w.-]{0,94}[\w])?"
_ID = re.compile(rf"{_PART}/{_PART}", re.A)
_NAME = re.compile(_PART, re.A)
_FAMILY_WORDS = (
    r"qwen|qwq|llama|codellama|tinyllama|mistral|mixtral|ministral|gemma|codegemma|recurrentgemma|medgemma|phi"
    r"|smollm|smolvlm|pythia"
    r"|distilgpt2|gpt-?2|gpt-?neo|gpt-?neox|gpt-?j|gpt-?oss|bloomz?|falcon|olmoe?|deepseek|granite|minicpm|internlm"
    r"|stablelm|zephyr|nemotron|exaone|chatglm|ernie|baichuan|hunyuan|starcoder|codegen|santacoder|rwkv|mamba|vicuna"
    r"|gpt-?(?:3\.5|4|5)o?|chatgpt|claude|gemini|redpajama|cerebras-gpt|openelm|jamba|apertus|eurollm|salamandra"
    r"|teuken|command-r"
    r"|bert|roberta|distilbert|deberta|modernbert|flan-t5|mt5|t5"
    # words that mean something else when they stand alone
    r"|(?:opt|yi|mpt|aya|solar|bart|kimi|glm|lfm|helium|danube|electra|orca)(?=-?\d|-[a-z])"
)
_VERSION = r"(?:v?\d{1,3}(?:\.\d{1,2}){0,2}[xXeE]?\d{0,2}[bBmM]?)"
_SIZE = r"\d{1,4}(?:\.\d{1,2})?\s?[bBmM]"
_VARIANT = (
    r"(?:instruct|chat|coder|math|mini|small|medium|nano|tiny|large|xl|base|it|pt|thinking|distill"
    r"|scout|maverick|vision|code)"
)
_UNITWORD = (
    r"(?:epoch|epoche|époque|época|epoca|eps?\b|step|sample|example|row|h\b|hrs?\b|hour|min(?:s|utes?)?\b|gpu|%"
    r"|token|k\b|x\b|bucks|dollar|usd|time|pass"
    r"|轮|步|条|小时|エポック|ステップ|runs?\b|models?\b|datasets?\b)"
)
#: A family with its version, size and variant, written in one word or several: "Llama-3.2-1B", "qwen3 1.7b".
SHORT_MODEL = re.compile(
    rf"(?<![A-Za-z0-9_./:@-])(?:{_SIZE}[ -])?(?:tiny-|distil|open|code)?(?:{_FAMILY_WORDS})(?![a-z])[\w.-]{{0,60}}"
    rf"(?:(?<!\.)[ ]{_VERSION}(?![\w.]*[ -]?{_UNITWORD})(?![\w/])|[ ](?<=\d[bBmM][ ]){_VARIANT}(?![\w-])"
    rf"|[ ](?<=\d[ ])(?:instruct|chat|coder|mini|small|medium|nano|tiny|thinking)(?![\w-])){{0,5}}",
    re.I | re.A,
)
#: A word with a size in it names a model, whoever made it: "kestrel-350m".
SIZED_MODEL = re.compile(
    r"(?<![\w./:@-])[A-Za-z][\w.]{1,40}-\d{1,4}(?:\.\d{1,2})?[bBmM](?:-[\w.-]{1,40})?(?![\w/=:])", re.A
)
_IN_FAMILY = re.compile(rf"(?:^|[-_./])(?:{_FAMILY_WORDS})(?![a-z])", re.I)
_HAS_SIZE = re.compile(r"(?:^|[-_./])\d{1,4}(?:[.p]\d{1,3})?[bBmM](?:$|[-_.])")
_MODEL_WORD = re.compile(
    r"(?:^|[-_./])(?:instruct|base|chat|it|hf|lm|llm|gpt|model|adapter|lora|merged|gguf|awq|gptq)(?:$|[-_.])", re.I
)
_DATASET_WORD = re.compile(
    r"(?:^|[-_./])(?:data|dataset|datasets|corpus|cots?|prompts?|feedback\w*|preferences?|prefs?|pairs|alpaca"
    r"|dolly|conversations?"
    r"|dialogs?|dialogues?|qa|qna|questions|answers|mix|mixture|binarized|cleaned|tickets|reviews|instructions"
    r"|examples|traces|logs"
    r"|problems|tasks|chats|emails|docs|faq|reasoning|completions|transcripts|\d{1,4}(?:\.\d)?k|[\w]*bench"
    r"|train|synthetic)(?:$|[-_.])",
    re.I,
)
#: Enough of the well known ones to tell a dataset from a model when a sentence does not.
_DATASETS = (
    r"capybara|ultrachat|ultrafeedback|gsm-?8k|codeforces|alpaca|dolly|oasst|openassistant|guanaco"
    r"|open-?hermes|slim-?orca|open-?orca|orca-math|metamath"
    r"|numina-?math|tulu|smoltalk|everyday-conversations|imdb|squad|tldr|hh-rlhf|helpsteer|ultrainteract"
    r"|magpie|lima|no_?robots|no robots|deepmath|dapo"
    r"|openr1-math|mixture-of-thoughts|s1k|limo|wildchat|sharegpt|belle|shp|tinystories|wikitext|c4|fineweb"
    r"|the_?stack|mbpp|humaneval|math-?500|mmlu|hellaswag|xsum|samsum"
    r"|cnn_dailymail|dolphin|evol-instruct|codealpaca|orpo-dpo-mix|intel-orca|distilabel|wikisql"
    r"|sql-create-context|medical-o1|opencodeinstruct|truthy"
    r"|openthoughts|aime|big-?math|hotpotqa|triviaqa|ag_news|yelp|opus|pubmedqa|finqa|platypus|webinstruct"
    r"|kto-mix"
)
WELL_KNOWN_DATASET = re.compile(rf"(?:^|[-_./ ])(?:{_DATASETS})(?![a-z])", re.I)
SHORT_DATASET = re.compile(
    rf"(?<![A-Za-z0-9_./:@-])(?:{_DATASETS})(?![a-z])[\w.-]{{0,60}}(?:[ ](?:\d{{2,4}}k|binarized|cleaned|cots"
    rf"|v\d|2\.5)(?![\w/]))?",
    re.I | re.A,
)
_OTHER_MODALITY = re.compile(
    r"(?:^|[-_./ ])(?:stable-?diffusion|sdxl|sd-?xl|sd-?turbo|flux(?:\.?1)?|whisper|wav2vec2?|wavlm|hubert"
    r"|clip|siglip|vit|dinov?\d?|resnet\d*|yolo\w*|detr|sam2?|segformer"
    r"|musicgen|bark|speecht5|xtts|parler|kokoro|kandinsky|dreambooth|controlnet|animatediff|svd|cogvideo\w*"
    r"|hunyuanvideo|wan2\.?\d?|mochi|pixart|esm2?|orpheus|csm|seamless\w*|mms)(?![a-z])",
    re.I,
)
#: Says that a model writes text, whatever else its name sounds like.
_WRITES = re.compile(r"(?:^|[-_./ ])(?:s?lm|llm|instruct|chat)(?:$|[-_. ])", re.I)
#: Models that are only to be had as a service: named for comparison, or by mistake.
_CLOSED = re.compile(r"(?i)(?:chat-?)?gpt-?(?:3\.5|4|5)(?!\d|all)|chatgpt|claude|gemini")
_HUB_HOST = re.compile(r"(?i)(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/|hf://")
#: Files of the person's own code and settings: mentioned, never read.
_SCRIPTS = (".py", ".sh", ".ipynb", ".yaml", ".yml", ".toml")
_FILE = re.compile(
    r"(?i)\.(?:jsonl?|csv|tsv|parquet|txt|zip|gz|tgz|tar|bin|safetensors|gguf|pt|pth|arrow|xlsx?|pdf|ya?ml|pkl"
    r"|md)$"
)
#: Fragments of shells, Python, templates, SQL and paths: never part of a name, whatever surrounds them.
HOSTILE = re.compile(
    r"\w/?`[^`\n]{1,200}`|\$\(|\$\{|\{\{|\{%|%\}|<%|\.\./|\.\.\\|/etc/|/proc/|os\.system|__(?:class|globals|import"
    r"|builtins"
    r"|subclasses|mro|reduce)__"
    r"|\b(?:eval|exec|system|popen|getattr)\s?\(|\bimport\s+os\b|\brm\s+-\w|\b(?:drop|truncate)\s+table\b"
    r"|\bunion\s+select\b|\bor\s+[\"']?1[\"']?\s?=\s?[\"']?1|';|--;"
    r"|[;&|]{1,2}\s?(?:rm|curl|wget|sh|bash|cat|nc|python3?|sudo|chmod|eval|exec|echo|ls|id|whoami|kill"
    r"|shutdown|reboot|sleep|touch|env)\b|<script|javascript:|file:/|%2e%2e|%0[ad]|\\x[0-9a-f]{2}"
    r"|\\u[0-9a-f]{4}|>\s?/dev/",
    re.I,
)
Kind = Literal[
    "model", "dataset", "id", "short model", "short dataset", "path", "script", "foreign", "lookalike", "job", "other"
]


class Entity(Value):
    """Something with a name that a message mentions."""

    kind: Kind
    #: The id or the words, as the request will hold them.
    name: str
    #: As it stood in the message.
    typed: str

    @property
    def is_name(self) -> bool:
        return self.kind in {"model", "dataset", "id", "short model", "short dataset"}


def is_valid_id(name: str) -> bool:
    """Tell whether this can be "namespace/name", or a bare name, on the Hub."""
    pattern = _ID if "/" in name else _NAME
    return len(name) <= LONGEST_ID and ".." not in name and "--" not in name and pattern.fullmatch(name) is not None


def is_valid_words(words: str) -> bool:
    """Tell whether these may be the words for a name: letters, digits, blanks, - _ . and nothing else."""
    return (
        0 < len(words) <= LONGEST_ID
        and re.fullmatch(r"[A-Za-z0-9][\w.\- ]*", words, re.A) is not None
        and ".." not in words
    )


def modelness(name: str) -> int:
    """Weigh a name: above 0 it sounds like a model, below 0 like a dataset."""
    weight = 0
    if _IN_FAMILY.search(name.replace(" ", "-")):
        weight += 2
    if _HAS_SIZE.search(name.replace(" ", "-")):
        weight += 3
    if _MODEL_WORD.search(name) or _OTHER_MODALITY.search(name):
        weight += 1
    if re.search(r"(?i)(?:^|[-_./])(?:dataset|data|corpus)(?:$|[-_.])", name):
        weight -= 5
    elif _DATASET_WORD.search(name):
        weight -= 2
    if WELL_KNOWN_DATASET.search(name.replace(" ", "-")):
        weight -= 3
    return weight


def nominal_billions(name: str) -> float | None:
    """Read the size in a model's name, in billions of parameters; None: it names none."""
    best = None
    for count, unit in re.findall(r"(?:^|[-_./ x])(\d{1,4}(?:[.p]\d{1,3})?) ?([bBmM])(?=$|[-_. ])", name):
        size = float(count.replace("p", ".")) / (1 if unit in "bB" else 1000)
        best = size if best is None else max(best, size)
    mixture = re.search(r"(?i)(\d{1,3})x(\d{1,3}(?:\.\d)?)b(?![a-z])", name)
    if mixture:
        best = max(best or 0.0, int(mixture[1]) * float(mixture[2]))
    return best


def other_modality(name: str) -> bool:
    """Tell whether this names a model of pictures, sound or video."""
    return _OTHER_MODALITY.search(name) is not None and _WRITES.search(name) is None


def is_closed(name: str) -> bool:
    """Tell whether nobody can download this model."""
    return _CLOSED.match(name) is not None


def read_address(address: str) -> Entity:
    """Read a web address: what it names on the Hub, or that it is foreign."""
    host = _HUB_HOST.match(address)
    if not host:
        return Entity(kind="foreign", name=address, typed=address)
    path = unquote(re.split(r"[?#]", address[host.end() :], maxsplit=1)[0])
    parts = [part for part in path.split("/") if part]
    kind: Kind = "model"
    if parts and parts[0] in {"datasets", "models", "spaces", "jobs", "docs", "blog", "papers", "collections", "learn"}:
        first = parts.pop(0)
        if first == "jobs":
            return Entity(kind="job", name=parts[-1] if parts else "", typed=address)
        kind = "dataset" if first == "datasets" else "model" if first == "models" else "other"
    if kind == "other" or not parts:
        return Entity(kind="other", name=address, typed=address)
    if host[0].lower() == "hf://":
        parts = [part.split("@")[0] for part in parts]
    marks = {"tree", "blob", "viewer", "resolve", "discussions", "commits", "raw", "embed", "edit"}
    name = "/".join(parts[:1] if len(parts) > 1 and parts[1] in marks else parts[:2])
    return Entity(kind=kind if is_valid_id(name) else "lookalike", name=name, typed=address)


def read_slashed(token: str) -> Entity | None:
    """Read a word with slashes in it: an id, a path, a look-alike; None: just words ("and/or")."""
    if token.startswith(("/", "./", "../", "~/")) or re.match(r"[A-Za-z]:\\", token) or token.count("/") > 1:
        script = token.endswith(_SCRIPTS)
        return Entity(kind="script" if script else "path", name=token, typed=token)
    if token.endswith(_SCRIPTS):
        return Entity(kind="script", name=token, typed=token)
    if _FILE.search(token):
        return Entity(kind="path", name=token, typed=token)
    if _plain_words(token):
        return None
    if is_valid_id(token):
        return Entity(kind="id", name=token, typed=token)
    left, _, right = token.partition("/")
    if not left or not right:
        return None
    if not token.isascii():
        return Entity(kind="lookalike", name=token, typed=token)
    return Entity(kind="lookalike", name=token, typed=token) if re.match(r"[\w.@:~-]+/[\w.@:~-]+$", token) else None


_SLASH_WORDS = word_set(
    "and or w with without input output inputs outputs train test val valid validation eval yes no y n he she "
    "his her him"
    " they km h s hr hour min gpu gpus cpu on off in out either sft dpo grpo ppo lora qlora q a b c i o tok "
    "token tokens sec"
    " step steps model models data dataset datasets prompt completion chosen rejected question answer start "
    "stop pro con"
    " loss acc accuracy lr bs up down true false none null full week day month usd eur is are was has user "
    "assistant system"
    " read write public private fp16 bf16 fp32 t4 l4 a10g a100 l40s h100 h200 pass fail vs ok bad good gain"
    " and&or epoch epochs batch sample samples en de fr es ja zh ci cd ml ai nlp ab ux ui tldr eta qa sw hw "
    "approve reject approval"
    " cancel"
)


def _plain_words(token: str) -> bool:
    parts = token.lower().strip(".").split("/")
    return all(part in _SLASH_WORDS or part.isdigit() or not part for part in parts)


def is_lookalike(token: str) -> bool:
    """Tell whether a word mixes ASCII with letters that only look like it (Cyrillic, Greek, full width)."""
    return re.search(r"[\u0370-\u052f\uff21-\uff5a\U0001d400-\U0001d7ff\u2100-\u214f]", token) is not None and (
        re.search(r"[A-Za-z0-9]", token) is not None
    )
