"""Where an exception was raised tells its kind, when its words are known to no sign. Regular expressions only."""

import re


def _raised_in(files: str) -> str:
    """The innermost frame of a traceback lies in one of these files."""
    between = r'(?:(?![^\n]*File ")[^\n]*\n){0,6}?'
    error = r"[^\n]{0,40}?\b\w+(Error|Exception|Exit)\b"
    return rf'[/"]({files})[^"\n]*", line \d+, in [^\n]*\n{between}{error}'


def _through(functions: str) -> str:
    """One of these functions was under way."""
    return rf"\bin ({functions})\n"


#: Kind -> where it comes from. The first that fits counts.
PLACES = {
    kind: re.compile("|".join(places), re.MULTILINE)
    for kind, places in {
        "chat_template_missing": (_raised_in(r"trl/chat_template_utils"),),
        "dataset_config": (_raised_in(r"datasets/(arrow_reader|splits)"),),
        "dataset_load": (
            _raised_in(r"datasets/(builder|table|load|data_files|utils/|features/|packaged_modules/)|pyarrow/\w+\.pxi"),
        ),
        "bad_config": (
            _raised_in(r"(trl/trainer/\w+_config|transformers/(training_args|utils/quantization_config)|peft/)"),
            _through(r"_calculate_rewards"),
        ),
        "dataset_format": (
            _raised_in(r"datasets/(arrow_dataset|arrow_writer|formatting/)|trl/data_utils|transformers/tokenization_"),
            _through(r"_prepare_dataset|_?tokenize\w*|_map_single|apply_chat_template|torch_call|collate\w*"),
        ),
    }.items()
}
