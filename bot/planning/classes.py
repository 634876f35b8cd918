"""Texts with a class: the model learns to name it.

Pure.
"""

from bot.models import Method
from bot.planning.columns import Kind
from bot.planning.content import is_plain_text, is_prose
from bot.planning.names import head, rank
from bot.planning.reading import Reading
from bot.planning.table import Table
from bot.planning.verdict import Verdict, asked, call, first_of, reads, yes
from bot.planning.vocabulary import CONTEXTS, DERIVED, METADATA

LABELS = (
    "label_text",
    "label",
    "labels",
    "coarse_label",
    "sentiment",
    "category",
    "intent",
    "emotion",
    "class",
    "target",
    "topic",
    "department",
    "queue",
    "team",
    "priority",
    "star",
    "stars",
)


def judge_related(table: Table, reading: Reading) -> Verdict | None:
    """Two texts and a class that says how they relate."""
    label = next((slot for slot in table.columns.values() if slot.kind is Kind.LABEL and slot.key == "label"), None)
    texts = [
        slot for slot in table.columns.values()
        if slot.kind is Kind.TEXT and set(slot.words) & _RELATED and not set(slot.words) & (METADATA | DERIVED)
    ]  # fmt: skip
    if label is None or len(texts) != 2 or reading.options:
        return None
    columns = {"prompt": call("question", asked(texts, ())), "completion": call("reply", first_of(label))}
    return yes(Method.SFT, columns, reads(texts, f"the class in {label.told}"))


#: What the two texts are called whose relation is the class.
_RELATED = {"sentence", "premise", "hypothesis", "question1", "question2", "question", "text", "claim", "evidence"}


def judge_classes(table: Table) -> Verdict | None:
    """Texts with a class: the model learns to name it."""
    labels = [slot for slot in table.columns.values() if rank(slot, LABELS) is not None and not slot.empty]
    labels = [slot for slot in labels if slot.kind in (Kind.LABEL, Kind.TEXT, Kind.NUMBER, Kind.BOOL) and slot.short]
    texts = [
        slot for slot in table.columns.values()
        if slot.kind is Kind.TEXT and slot not in labels and not slot.empty and not set(slot.words) & DERIVED
    ]  # fmt: skip
    prose = [slot for slot in texts if is_prose(slot)]
    texts = [
        slot for slot in texts if set(slot.words) & set(_SUBJECTS) and slot.words[-1] not in METADATA - {"subject"}
    ]
    if not texts and len(prose) == 1 and labels and labels[0].kind is Kind.LABEL:
        texts = prose
    if not labels or not texts:
        return None
    labels.sort(key=lambda slot: (slot.kind is not Kind.LABEL, LABELS.index(slot.key) if slot.key in LABELS else 99))
    twins = [slot for slot in texts if set(slot.words) & {"sentence", "premise", "hypothesis"}]
    texts.sort(key=lambda slot: min((_SUBJECTS.index(word) for word in slot.words if word in _SUBJECTS), default=0))
    titles = [slot for slot in texts[1:] if slot.key in ("title", "headline", "subject") and not twins]
    parts = twins[:2] if len(twins) > 1 else [*titles[:1], texts[0]]
    if len(twins) > 1 and labels[0].kind not in (Kind.LABEL, Kind.TEXT):
        return None
    claims = [slot for slot in texts if head(slot) in ("claim", "statement")]
    evidence = [slot for slot in prose if head(slot) in (*CONTEXTS, "caption") or "table" in slot.words]
    if claims and evidence:
        parts = [evidence[0], claims[0]]
    columns = {"prompt": call("question", asked(parts, ())), "completion": call("reply", first_of(labels[0]))}
    ready = is_plain_text(table) and "prompt" not in table.columns
    reason = reads(parts, f"the class in {labels[0].told}")
    return yes(Method.SFT, columns, reason, ready=ready)


_SUBJECTS = (
    *("text", "sentence", "review", "content", "tweet", "premise", "hypothesis", "comment", "utterance", "question"),
    *("document", "article", "body", "query", "message", "email", "mail", "ticket", "complaint", "post"),
    *("title", "headline", "claim", "statement", "func", "function", "code", "snippet"),
)
