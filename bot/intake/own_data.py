"""Data of one's own that a request speaks of without naming them: "on my own data", "mit unseren Tickets".

Such words name no dataset, so nothing is filled in for them; whoever asks must hear how to bring the data.
"""

import re

_OWN = re.compile(
    r"\b(?:my|our)\s(?:(?:own|company'?s?|team'?s?|private|local|internal|customer|support)\s){0,3}"
    r"(?:data(?:set)?s?\b|csv|jsonl?\b|excel|spreadsheets?|files?\b|documents?|docs\b|pdfs?|chats?\b|tickets?|emails?"
    r"|e-mails?|conversations?|transcripts?|messages|notes|examples|texts?\b|logs\b|knowledge base|wiki)"
    r"|\b(?:this|the attached|attached|these|uploaded)\s(?:csv|jsonl?|excel|spreadsheet|files?|attachments?|data\b)"
    r"|\b(?:meinen?|meine[mr]|unsere[mnr]?|eigenen?)\s(?:\w+en\s)?(?:daten|datensatz|dateien|tickets|chats|e-?mails|texten?"
    r"|dokumente[n]?)"
    r"|\b(?:mes|nos|notre|mon)\s(?:propres?\s)?(?:donn[ée]es|fichiers?|documents?|tickets|e-?mails|textes?"
    r"|jeu de donn[ée]es)"
    r"|\b(?:mis|nuestros|meus|nossos)\s(?:propios\s|pr[óo]prios\s)?(?:datos|dados|archivos|arquivos|documentos|textos)"
    r"|(?:我|我们|自己)的?(?:自己的)?(?:数据|文件|资料|文档)|(?:私|我々|自分|自社)の?(?:データ|ファイル|文書|資料)",
    re.IGNORECASE,
)


def speaks_of_own_data(words: str) -> bool:
    """Tell whether a request speaks of data that nobody but its author can find."""
    return _OWN.search(words) is not None


def how_to_upload(namespace: str) -> str:
    """Say in plain text how data become a dataset of this namespace, and what to say then."""
    name = f"{namespace}/my-data"
    return (
        "If it is on the Hub, name it. If not, put it into a JSONL or CSV file, run `hf upload"
        f" {name} data.jsonl --repo-type dataset --private` and name {name}. A column `messages`, or `prompt` and"
        " `completion`, is read as it is."
    )
