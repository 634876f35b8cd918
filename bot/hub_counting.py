"""Counting tokens with a model's own tokenizer, in a child process (bot/hub_tokens.py).

Keeps the files of tokenizers that were used lately in a folder of this process. Does not read the Hub: it is given the
file's bytes.
"""

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

from bot.models import Counted, ModelInfo, Passage

log = logging.getLogger(__name__)

#: Seconds that counting may take; 100 rows take far less than one.
TIMEOUT_S = 25.0
#: Tokenizers whose files are kept; one is about 10 MB.
_KEPT = 16


class TokenCounter:
    """Counts tokens. Safe to call from several threads."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._folder = Path(tempfile.mkdtemp(prefix="tunesmith-tokenizers-"))
        self._files: OrderedDict[tuple[str, str], Path | None] = OrderedDict()
        #: The child that waits for the next question, if any.
        self._spare: list[subprocess.Popen[str]] = []
        self._lock = Lock()
        weakref.finalize(self, _clean_up, self._spare, self._folder)

    def learn(self, repo_id: str, sha: str, fetch: Callable[[], bytes | None]) -> None:
        """Make sure that the tokenizer of this commit is known; `fetch` is called only when it is not.

        `fetch` gives None where the model has none that can be read.
        """
        key = (repo_id, sha)
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return
        content = fetch()
        with self._lock:
            path = None
            if content is not None:
                path = self._folder / f"{hashlib.sha256('@'.join(key).encode()).hexdigest()}.json"
                path.write_bytes(content)
            self._files[key] = path
            while len(self._files) > _KEPT:
                _, old = self._files.popitem(last=False)
                if old is not None:
                    old.unlink(missing_ok=True)

    def get_ready(self) -> None:
        """Start the next child now: it loads its libraries while somebody waits for the network."""
        with self._lock:
            if not self._spare:
                self._spare.append(_start(self._folder))

    def count(
        self, model: ModelInfo, passages: Sequence[Passage], *, template: str | None, show: int
    ) -> Counted | None:
        """Count, and give the first `show` passages as they were written; None: the tokenizer cannot be used."""
        with self._lock:
            path = self._files.get((model.repo_id, model.sha))
            if path is None:
                return None
            child = self._spare.pop() if self._spare else _start(self._folder)
        question = {
            "template": template,
            "special_tokens": model.special_tokens,
            "passages": [
                {"text": it.text} if it.text is not None else {"messages": it.messages, "ask": it.ask}
                for it in passages
            ],
            "show": show,
        }
        asked = json.dumps({"tokenizer": str(path)}) + "\n" + json.dumps(question, default=str) + "\n"
        try:
            said, _ = child.communicate(asked, timeout=self._timeout_s)
            return Counted.model_validate(json.loads(said))
        except (subprocess.TimeoutExpired, OSError, ValueError):
            child.kill()
            child.communicate()
            log.warning("counting the tokens of %s: the child ended with %s", model.repo_id, child.returncode)
            return None


def _clean_up(spare: list[subprocess.Popen[str]], folder: Path) -> None:
    for child in spare:
        child.communicate("")
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot.hub_tokens"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        # built from nothing: no secret of ours reaches a stranger's template
        env={"PYTHONUTF8": "1", "TOKENIZERS_PARALLELISM": "false", "HOME": str(folder)},
        cwd=folder,
    )
