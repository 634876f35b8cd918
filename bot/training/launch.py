"""How a job starts its script: with plain Python, or in one process for each of several GPUs.

Writes the command line only; what runs it is `bot.jobs`.
"""

from bot.models import Plan

#: One process for each GPU, each with the whole model (DistributedDataParallel).
_DDP = ("--multi_gpu",)
#: The model is shared out over the GPUs (FSDP 2), layer by layer, and saved as one whole by the first process. Words
#: are those of `accelerate launch --help`; activation checkpointing stays TRL's.
_FSDP = (
    "--use_fsdp",
    "--fsdp_version=2",
    "--fsdp_auto_wrap_policy=TRANSFORMER_BASED_WRAP",
    "--fsdp_reshard_after_forward=true",
    "--fsdp_state_dict_type=FULL_STATE_DICT",
    "--fsdp_cpu_ram_efficient_loading=true",
    "--fsdp_offload_params=false",
)


def launch_command(plan: Plan) -> str:
    """The command that runs train.py in an environment with the packages that its header names.

    The plan is part of what people approve, and so is this line, which follows from it alone.
    """
    if plan.processes == 1:
        return "uv run --no-project train.py"
    accelerate = ["accelerate", "launch", f"--num_processes={plan.processes}", "--num_machines=1"]
    # precision is the trainer's own setting; compiling would cost minutes and memory that no plan counts
    accelerate += ["--mixed_precision=no", "--dynamo_backend=no"]
    accelerate += _FSDP if plan.sharding == "fsdp" else _DDP
    return " ".join(["uv run --no-project --with-requirements train.py", *accelerate, "train.py"])
