"""The command line of a job: plain Python for one process, accelerate for several."""

import os
from collections.abc import Iterator

import pytest

from bot.training import launch_command
from tests.builders import make_plan

UV = "uv run --no-project --with-requirements train.py "


def test_one_process_needs_no_launcher() -> None:
    assert launch_command(make_plan()) == "uv run --no-project train.py"


@pytest.mark.parametrize(("sharding", "flag"), [("ddp", "--multi_gpu"), ("fsdp", "--use_fsdp")])
def test_several_processes_are_launched_side_by_side(sharding: str, flag: str) -> None:
    command = launch_command(make_plan(processes=4, sharding=sharding))
    assert command.startswith(f"{UV}accelerate launch --num_processes=4 ")
    assert command.endswith(" train.py")
    assert flag in command.split()


@pytest.fixture
def environment() -> Iterator[None]:
    kept = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.mark.train
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("environment")
def test_accelerate_takes_the_line_and_makes_the_plugin_of_it() -> None:
    from accelerate.commands.launch import launch_command_parser
    from accelerate.utils import FullyShardedDataParallelPlugin
    from accelerate.utils.launch import prepare_multi_gpu_env

    line = launch_command(make_plan(processes=4, sharding="fsdp")).removeprefix(f"{UV}accelerate launch ")
    asked = launch_command_parser().parse_args(line.split())
    assert (asked.num_processes, asked.use_fsdp, asked.training_script) == (4, True, "train.py")
    os.environ.update({name: value for name, value in prepare_multi_gpu_env(asked).items() if name.startswith("FSDP")})
    plugin = FullyShardedDataParallelPlugin()
    assert plugin.fsdp_version == 2
    assert plugin.reshard_after_forward is True
    assert str(plugin.state_dict_type).endswith("FULL_STATE_DICT")
    assert plugin.cpu_ram_efficient_loading
