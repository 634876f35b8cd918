"""Stand in for `uv` inside the playground's jobs: `uv run [options] file.py|-|command` with a Python that is there.

Installs nothing: the dependencies that a script's header or an option names are taken to be in that Python already.
Uses the standard library only, because it runs before anything else in a job. Started as
``python uv_shim.py run train.py ...``.
"""

import os
import shutil
import sys
from pathlib import Path

#: Options of `uv run` that are followed by a value (https://docs.astral.sh/uv/reference/cli/#uv-run).
_WITH_VALUE = frozenset(
    (
        *(
            "--with",
            "-w",
            "--with-requirements",
            "--with-editable",
            "--python",
            "-p",
            "--extra",
            "--group",
            "--package",
        ),
        *("--index", "--index-url", "-i", "--extra-index-url", "--default-index", "--find-links", "-f", "--link-mode"),
        *(
            "--package",
            "--env-file",
            "--project",
            "--directory",
            "--cache-dir",
            "--color",
            "--prerelease",
            "--resolution",
        ),
        *("--prerelease", "--index-strategy", "--exclude-newer", "--config-setting", "-C", "--refresh-package"),
        *("--upgrade-package", "--reinstall-package", "--no-build-package", "--no-binary-package", "--torch-backend"),
    )
)


def command_of(arguments: list[str], python: str) -> list[str]:
    """What `uv run` with these arguments starts.

    Raises:
        ValueError: it cannot tell, in words for the job's log.
    """
    rest = list(arguments)
    is_module = is_script = False
    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        if option == "--":
            break
        if option in ("-m", "--module"):
            is_module = True
        elif option in ("-s", "--script"):
            is_script = True
        elif option in _WITH_VALUE:
            if not rest:
                raise ValueError(f"a value is required for '{option}'")
            rest.pop(0)
    if not rest:
        raise ValueError("provide a command or script to run")
    target, *others = rest
    if is_module:
        return [python, "-m", target, *others]
    if is_script or target == "-" or target.endswith(".py"):
        return [python, target, *others]
    if target in ("python", "python3"):
        return [python, *others]
    beside = Path(python).with_name(target)
    found = str(beside) if beside.exists() else shutil.which(target)
    if found is None:
        raise ValueError(f"failed to spawn: `{target}`: no such file or directory")
    return [found, *others]


def main() -> None:
    """Become the command that `uv run` would start; refuse other commands of uv with status 2, as uv does."""
    if sys.argv[1:2] == ["--version"]:
        print("uv 0.0.0 (the playground's stand-in)")
        return
    try:
        if sys.argv[1:2] != ["run"]:
            raise ValueError(f"the playground's uv knows only `uv run`, not {sys.argv[1:]!r}")
        command = command_of(sys.argv[2:], sys.executable)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    os.execv(command[0], command)  # noqa: S606 - becoming another program is the point


if __name__ == "__main__":
    main()
