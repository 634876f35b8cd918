"""Lets FSDP share a model out over processes of a CPU, and prints what each of them then holds.

Python imports this by itself where its folder is on PYTHONPATH. accelerate 1.15 turns FSDP on for accelerators only
(accelerate/state.py, `AcceleratorState.__init__`) and copies the model to every process of a CPU without a word; this
takes the same branch for the CPU. What shares out, trains, gathers, saves and loads is the installed packages' own.
"""

import json
import os
import sys
from typing import Any

if "RANK" in os.environ:  # in a process that trains, not in its launcher
    from accelerate import accelerator
    from accelerate.state import AcceleratorState, PartialState
    from accelerate.utils import DistributedType
    from torch.distributed.tensor import DTensor

    make_state, share_out = AcceleratorState.__init__, accelerator.fsdp2_prepare_model

    def make_state_on_cpu(state: AcceleratorState, *args: Any, fsdp_plugin: Any = None, **options: Any) -> None:
        make_state(state, *args, fsdp_plugin=fsdp_plugin, **options)
        if fsdp_plugin is not None and state.distributed_type is DistributedType.MULTI_CPU:
            state.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP
            if state.mixed_precision != "no":
                fsdp_plugin.set_mixed_precision(state.mixed_precision)
            state.fsdp_plugin = fsdp_plugin

    def share_out_and_tell(*args: Any) -> Any:
        model = share_out(*args)
        parameters = list(model.parameters())
        shared = [one for one in parameters if isinstance(one, DTensor)]
        told = {
            "rank": int(os.environ["RANK"]),
            "held": sum(one.to_local().numel() for one in shared),
            "whole": sum(one.numel() for one in parameters),
            "shared": len(shared) == len(parameters),
        }
        sys.stdout.write(f"@@SHARES {json.dumps(told)}\n")
        sys.stdout.flush()
        return model

    AcceleratorState.__init__ = make_state_on_cpu  # type: ignore[method-assign]  # see above
    accelerator.fsdp2_prepare_model = share_out_and_tell
