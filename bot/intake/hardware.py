"""The words for hardware: flavors and families of Hugging Face Jobs, and what people name that cannot be rented there.

Knows names only; prices, sizes and what is for rent today come from the Hub.
Flavors: huggingface_hub 2.4, `JobHardware`.
"""

import difflib
import re

FLAVORS = (
    "cpu-basic",
    "cpu-upgrade",
    "cpu-performance",
    "cpu-xl",
    "t4-small",
    "t4-medium",
    "l4x1",
    "l4x4",
    "l40sx1",
    "l40sx4",
    "l40sx8",
    "a10g-small",
    "a10g-large",
    "a10g-largex2",
    "a10g-largex4",
    "a100-large",
    "a100x4",
    "a100x8",
    "h200",
    "h200x2",
    "h200x4",
    "h200x8",
    "rtx-pro-6000",
    "rtx-pro-6000x2",
    "rtx-pro-6000x4",
    "rtx-pro-6000x8",
)
#: A family stands for all its flavors; planning chooses the size.
FAMILIES = ("t4", "l4", "l40s", "a10g", "a100", "h200", "rtx-pro-6000")

_TAIL = (
    r"(?:[\s-]?(?:small|medium|large|basic|upgrade|performance|xl)(?![A-Za-z0-9_-])|-[a-z]\w*"
    r"|[\s-]?large)?(?:\s?[x×]\s?\d{1,2})?"
)
#: Something that may be a flavor or a family, with a count before or after and the memory behind it.
MENTION = re.compile(
    r"(?<![A-Za-z0-9_./-])(?:(?P<count>\d{1,2}|one|two|four|eight|an?)\s?[x×*]?\s?-?)?(?:nvidia[\s-]|tesla[\s-])?"
    rf"(?P<name>(?:t4|l40s|l4|a10g|a100|h200|rtx[\s-]?pro[\s-]?6000)(?P<tail>{_TAIL})|cpu[\s-](?:basic|upgrade"
    rf"|performance|xl))"
    r"s?(?:[\s-](?P<memory>\d{2,3}\s?gi?b)(?:\s?x\s?\d)?)?(?![A-Za-z0-9_-])",
    re.I,
)
#: What people have or read of, and Hugging Face Jobs does not rent.
UNKNOWN = re.compile(
    r"(?<![A-Za-z0-9_./-])(?:\d{1,2}\s?[x×]?\s?)?(?:nvidia[\s-]|tesla[\s-]|geforce[\s-]|amd[\s-])?"
    r"((?:v100|h100|h800|h20|a800|p100|p40|p4|k80|m60|gh200|gb200|b200|b100|b300|a10|a16|a30|a40|l40|t4g"
    r"|(?:rtx[\s-]?)?(?:a2000|a4000|a4500|a5000|a5500|a6000)|(?:rtx|gtx)[\s-]?\d{4}(?:[\s-]?(?:ti|super|d))?"
    r"|rtx|(?:3060|3070|3080|3090|4060|4070|4080|4090|5080|5090)(?:[\s-]?ti)?"
    r"|titan(?:[\s-]?(?:rtx|v|xp?))?|tpus?(?:[\s-]?v\d\w*)?|v5e|v5p|v6e|mi\d{3}x?|gaudi\s?\d?|trainium\s?\d?"
    r"|inferentia\s?\d?"
    r"|(?:ml\.)?[gp]\d\w{0,4}\.(?:\d{1,2})?x?large|standard_n\w+|a[23]-(?:high|mega|ultra)gpu-\w+"
    r"|m[1-4][\s-](?:mac\w*|max|pro|ultra)|macbook\w*|mac\s?(?:mini|studio)"
    r"|(?<=\bon )(?:(?:google )?colab\w*|kaggle|runpod|lambda labs|aws|ec2|sagemaker|gcp|azure|(?:my"
    r"|our) (?:own )?(?:laptop|pc"
    r"|desktop|workstation|mac|cluster|local machine|servers?|gpus?|box))|jetson\w*|dgx\w*))"
    r"(?:s|[\s-]sxm\d?|[\s-]pcie|[\s-]nvl)?(?:[\s-]\d{2,3}\s?gi?b)?(?:\s?x\s?\d{1,2})?(?![A-Za-z0-9_-])",
    re.I,
)
#: What somebody wants of other hardware who names none, in seven languages.
_WISHES: dict[str, re.Pattern[str]] = {
    "cheaper": re.compile(
        r"\b(?:cheap\w*|less expensive|lower price|smaller|save money|günstig\w*|billig\w*|kleiner\w*|moins ch[eè]r\w*"
        r"|plus petit\w*|m[aá]s barat\w*|m[aá]s pequeñ\w*|mais barat\w*|menor)\b|便宜|更小|安い|安く|小さ",
        re.I,
    ),
    "faster": re.compile(
        r"\b(?:fast\w*|quick\w*|speed\w*|schneller\w*|plus rapide\w*|m[aá]s r[aá]pid\w*|mais r[aá]pid\w*)\b"
        r"|更快|快一点|速い|速く|早く",
        re.I,
    ),
    "bigger": re.compile(
        r"\b(?:big\w*|larg\w*|more (?:memory|vram|powerful)|strong\w*|größer\w*|stärker\w*|plus (?:gros\w*|grand\w*|"
        r"puissant\w*)|m[aá]s (?:grande|potente)\w*|maior|mais potente\w*)\b|更大|大一点|更强|大き|強い",
        re.I,
    ),
}
_COUNTS = {"one": 1, "two": 2, "four": 4, "eight": 8, "a": 1, "an": 1}


def flavor(match: re.Match[str]) -> str | None:
    """Name the flavor or family that a MENTION means; None: it looks like one and is none."""
    name = re.sub(r"[\s_-]+", "-", match["name"].lower().replace("×", "x"))
    name = re.sub(r"-?x-?(\d+)$", r"x\1", name).replace("rtxpro", "rtx-pro").replace("pro6000", "pro-6000")
    count = match["count"]
    many = _COUNTS.get(count.lower(), 0) if count and not count.isdigit() else int(count or 0)
    if name in FAMILIES and many > 1:
        return next((each for each in FLAVORS if each.startswith(name) and each.endswith(f"x{many}")), name)
    if name in FLAVORS and f"{name}x{many}" in FLAVORS:
        return f"{name}x{many}"
    return known(name)


def wish(words: str) -> str:
    """Read "use a bigger gpu", "something faster": "bigger", "faster" or "cheaper"; "": other hardware of any kind."""
    return next((name for name, said in _WISHES.items() if said.search(words)), "")


def known(name: str) -> str | None:
    """Read a bare name as a flavor or a family: "A10G_large", "t4 medium", "a100-80gb"."""
    name = re.sub(r"[\s_-]+", "-", name.strip().lower())
    name = re.sub(r"^(?:nvidia|tesla)-|-\d{2,3}gi?b$|-gpus?$", "", name)
    if name in FLAVORS or name in FAMILIES:
        return name
    for family in ("t4", "l4", "l40s", "a10g", "a100"):
        if name in {f"{family}x1", f"{family}-x1", f"1x{family}"}:
            return f"{family}x1" if f"{family}x1" in FLAVORS else family
    squeezed = name.replace("-", "")
    return next((each for each in (*FLAVORS, *FAMILIES) if each.replace("-", "") == squeezed), None)


def nearest(name: str) -> tuple[str, ...]:
    """Suggest up to three flavors for a name that is none."""
    name = re.sub(r"[\s_]+", "-", name.strip().lower())
    family = next((each for each in sorted(FAMILIES, key=len, reverse=True) if name.startswith(each)), None)
    bigger = {"h": ("h200", "a100-large"), "b": ("h200",), "v": ("a10g-large", "a100-large"), "p": ("a10g-small",)}
    if family is None and name[:1] not in bigger:
        family = next(iter(difflib.get_close_matches(re.split(r"-|x\d", name)[0], FAMILIES, n=1, cutoff=0.7)), None)
    if family:
        return tuple(each for each in FLAVORS if re.match(rf"{family}(?![0-9a-z])|{family}x\d", each))[:3]
    close = difflib.get_close_matches(name, FLAVORS, n=2, cutoff=0.6)
    return bigger.get(name[:1]) or tuple(close) or ("t4-small", "a10g-large", "a100-large")
