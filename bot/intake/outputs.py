"""Where the trained model goes: "push it to acme/x", "call it x", "-> acme/x".

Names of models and datasets are the business of `roles`.
"""

import re

from bot.intake import refusals
from bot.intake.sheet import Sheet, rule, the_group
from bot.intake.tagging import NAME
from bot.intake.words import is_common, is_namelike, word_set

_WORD = r"[A-Za-z0-9][\w.-]{0,95}"
_TARGET = rf"(?P<t>{NAME}|{_WORD})"
_RESULT = (
    r"(?:it|this|that|them|everything|(?:the |our |my )?(?:final |trained |finetuned |fine-tuned |resulting "
    r"|tuned |merged |new |best )?(?:results?|outcome|product|model|adapters?|weights|checkpoints?|output|run|lora|it))"
)
_PLACE = (
    r"(?:(?:the |our |my |a )?(?:hugging ?face |hf )?(?:hub|org|account|namespace)(?: (?:as|under|at|in|to))? "
    r"|(?:the |a |our |my )?(?:private |public |new |model |hub |hf |output )*(?:repo(?:sitory)?"
    r"|name)(?: (?:called|named|at|to))? |(?:called|named) )?"
)

_OUTPUT = [
    rule(
        rf"\b(?:push|upload|publish|save|store|export|send|put|write|release|deliver|host|ship|deploy|output)(?:ed"
        rf"|es|ing|s)?\b(?: {_RESULT})?(?: back| up| out| over)?(?: should| must| will)?(?: be"
        rf"| go)?\s?(?:\x00+ ?)?(?:to|as|into|in|under|at|->|with the name"
        rf"|with name)\s?:? {_PLACE}[\"']?{_TARGET}(?![\w/])"
    ),
    rule(rf"\b(?:push|upload|publish)(?: {_RESULT})? (?P<t>{NAME})"),
    rule(
        rf"\b(?:(?:call|name|title|rename) (?:it|this|that|{_RESULT})(?: to| as)?"
        rf"|rename(?: the (?:repo|output))? (?:to|as)):? [\"']?{_TARGET}"
    ),
    rule(
        rf"\b(?:{_RESULT} (?:should |must |can |will |shall |to |would |needs to )?(?:(?:go|goes|land|end up"
        rf"|lives?|belongs?)"
        rf"|(?:be|is) (?:pushed|saved|stored|called|named|uploaded|published))"
        rf"|(?:results?|output|weights|destination|target)(?: should be| must be| will be| is|(?= to\b)))"
        rf"(?: (?:to|in|into|as|under|at|on))? {_PLACE}{_TARGET}"
    ),
    rule(
        rf"(?<!\bon the )\b(?:output|out|destination|dest|target|result|save|hub)(?:[ _-](?:repo(?:sitory)?|name"
        rf"|model|path|id"
        rf"|target))?(?: (?:to|is|as|in|goes to|=|:|should be))*[ :=]+{_PLACE}{_TARGET}"
    ),
    # "private repo acme/x", of which "private" is read already: what is trained on is not said to be private
    rule(
        rf"(?<![\x00])(?<!\bon )(?<!\bon the )(?<!\bon a )(?<!\bfrom the )\x00+ (?:hub |hf |model |output )?"
        rf"(?:repo(?:sitory)?|repositorio|repositório)(?: (?:called|named|at))? (?P<t>{NAME})"
        rf"|\b(?:repo|repositorio|repositório|dépôt) \x00+ (?P<u>{NAME})"
        rf"|(?<!\bon )(?<!\bthe )(?<!\bfrom )\b(?:repo(?:sitory)?|repositorio|repositório|dépôt) (?P<v>{NAME}) \x00"
        rf"|\x00+ is (?:fine|ok|okay|good)\s?[:,-]\s?(?P<w>{NAME})"
    ),
    rule(rf"(?:->|=>) ?(?P<t>{NAME}|{_WORD})(?![^\n]{{0,80}}(?:->|=>))"),
    rule(
        rf"(?:\b(?:the |its )?name (?:should|must|shall|will) be|(?:\brepo(?:sitory)?|\x00)(?:'s)? name"
        rf"(?: to| is| should be| ?=|:)?) {_TARGET}"
    ),
    rule(rf"\b(?:output|result) {_PLACE}(?P<t>{NAME})"),
    rule(
        rf"\b(?:speicher\w*|push\w*|lad\w*|veröffentlich\w*|leg\w*|pousse\w*|enregistre\w*|publie\w*|publica\w*"
        rf"|publique\w*|sauvegarde\w*|envo\w+|mets|sube\w*|subir\w*|guarda\w*|guárda\w*|salv\w*|envi[ae]\w*|suba\w*"
        rf"|coloca\w*|coloque\w*)(?: (?:es|das|das modell|das ergebnis|den adapter|le|la|le modèle|le résultat"
        rf"|el modelo|el resultado|o modelo|o resultado|lo))?(?: (?:bitte))? (?:nach|unter|als|in|auf|sur|vers|dans"
        rf"|sous|comme|en|a|como|para|em|no|na) {_TARGET}"
    ),
    rule(rf"\b(?:nach|unter|als) {_TARGET} (?:pushen|hochladen|speichern|veröffentlichen|ablegen)"),
    rule(rf"(?:推送|上传|保存|输出|发布|推|存)(?:模型|结果|它)?(?:到|为|至|成|在|:)\s?(?P<t>{NAME}|{_WORD})"),
    rule(rf"出力(?:先)?(?:は|を|:)?\s?(?P<t>{NAME}|{_WORD})"),
    rule(
        rf"(?P<t>{NAME}|{_WORD})\s?(?:に|へ|として)\s?(?:push|プッシュ|アップロード|保存|公開|出力|アップ)",
        "に|へ|として",
    ),
]
_DONE = re.compile(r"(?i)pushed|uploaded|saved|published|stored|put\b")
_BY_US = re.compile(r"(?i)\b(?:i|we|they)(?:'ve| have)? (?:already |just )?(?:\w+ed\b[^.!?\n]{0,100})?$")
_CALLED = rule(rf"\b(?:a|new|the) (?:new )?(?:model|repo|adapter) (?:called|named) [\"']?{_TARGET}")
_NO_OUTPUT = word_set(
    "hub the my our me slack hf huggingface private public a it s3 disk here wandb production prod main it's "
    "this that safetensors gguf"
    " you him her them us model dataset repo branch mode full lora adapter half order parallel memory cpu gpu "
    "bf16 fp16 fp32 4bit 8bit all"
    " every case total time steps step epochs to be is as in and not used better something there wherever "
    "whatever same default where"
    " short good fine ready public private"
)


def read_output(sheet: Sheet) -> None:
    """Take the place for the result off the sheet."""
    for pattern in (*_OUTPUT, _CALLED):
        for match in sheet.find(pattern):
            target = the_group(match)
            if _DONE.match(match[0]) and _BY_US.search(sheet.text[max(0, match.start() - 120) : match.start()]):
                continue  # "we put it on the hub as a/b": that is where the data is
            if re.fullmatch(NAME, target):
                entity = sheet.tagged.entity(target)
                if entity.kind in {"path", "script", "job", "other"}:
                    if entity.kind == "path" and re.match(r"(?i)push|upload|publish", match[0]):
                        sheet.refuse(refusals.local_path(entity.typed))
                    sheet.cut(match)
                    continue
                if not entity.is_name:
                    sheet.cut(match)
                    sheet.refuse(refusals.invalid_name(entity.typed, "model"))
                    continue
                if entity.kind in {"short dataset", "dataset"} and not re.search(
                    r"(?i)push|upload|save|publish|name|call|store", match[0]
                ):
                    continue
                words = sheet.cut(match)
                sheet.say("output_repo", entity.name, words)
                continue
            word = target.rstrip(".-")
            named = re.match(r"(?i)call|name|title|rename", match[0]) is not None
            if (
                word.lower() in _NO_OUTPUT
                or (is_common(word) and not (named and word.lower() not in _NO_OUTPUT))
                or word.isdigit()
            ):
                continue
            if (
                is_namelike(word)
                or named
                or re.search(
                    r"(?i)\b(?:as|repo|repository|called|named|name|als|como|comme|output)\b|为|成|として", match[0]
                )
            ):
                sheet.say("output_repo", word, sheet.cut(match))
