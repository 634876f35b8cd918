"""`python -m tests.accuracy WHAT CORPUS [options]`: measure one part against a labelled corpus.

Each subcommand is a module of this package with a docstring and `main(arguments) -> exit code`; add yours to COMMANDS.
"""

import importlib
import sys

COMMANDS = ("requests", "schemas", "memory", "time", "peers", "gpu", "failures")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print(f"usage: python -m tests.accuracy {{{','.join(COMMANDS)}}} ...", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.accuracy.{arguments[0]}")
    code: int = module.main(arguments[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
