"""How each kind of failure looks in a log: regular expressions, one a line, matched without regard to case.

The texts are those of TRL 1.16, transformers 5.23, datasets 5.2, huggingface_hub 2.4, torch 2.13, accelerate,
bitsandbytes, vLLM, uv, pip, the CUDA libraries and the Hub, with older wordings of the same among them. Data only:
what a kind means, and which goes before which, is `bot.training.failures`.
"""

import re

from bot.training.signs import hub, machine, program

#: Kind -> what any of its signs matches.
SIGNS = {
    kind: re.compile("|".join(signs), re.IGNORECASE | re.MULTILINE)
    for kind, signs in (machine.SIGNS | hub.SIGNS | program.SIGNS).items()
}
