"""Histories of the local Hub that are made one commit again."""

from pathlib import Path

import pytest
from huggingface_hub.errors import HfHubHTTPError

from tests.local_hub import LocalHub

OUTPUT = "tunesmith-lab/many-commits"


def test_a_squashed_history_is_one_new_commit_with_the_files_of_the_last(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        api = hub.api()
        api.create_repo(OUTPUT, private=True)
        for content in (b"first", b"second"):
            api.upload_file(path_or_fileobj=content, path_in_repo="x.txt", repo_id=OUTPUT)
        before = api.model_info(OUTPUT)
        stored = tmp_path / "repos" / "models" / OUTPUT / "files"
        assert len(list(stored.iterdir())) == 3

        api.super_squash_history(OUTPUT, commit_message="All of it")

        after = api.model_info(OUTPUT)
        assert [commit.title for commit in api.list_repo_commits(OUTPUT)] == ["All of it"]
        assert after.sha != before.sha
        assert after.last_modified > before.last_modified
        assert Path(api.hf_hub_download(OUTPUT, "x.txt", cache_dir=tmp_path / "cache")).read_bytes() == b"second"
        assert len(list(stored.iterdir())) == 2, "what only older commits hold takes no room"
        with pytest.raises(HfHubHTTPError):
            api.model_info(OUTPUT, revision=before.sha)
        with pytest.raises(HfHubHTTPError):
            hub.api("hf_playground_readonly").super_squash_history(OUTPUT)
