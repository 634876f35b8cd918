"""What servers of models want to be told of an adapter."""

#: Sizes that vLLM takes as the largest rank of an adapter; 16 where none is named. vllm/config/lora.py, MaxLoRARanks.
_VLLM_RANKS = (16, 32, 64, 128, 256, 320, 512)


def vllm_rank(lora_r: int | None) -> int:
    """The value of vLLM's --max-lora-rank for adapters of this rank."""
    return next((size for size in _VLLM_RANKS if size >= (lora_r or 0)), _VLLM_RANKS[-1])
