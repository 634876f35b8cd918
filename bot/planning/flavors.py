"""What is known of the hardware: prices to fall back on, and for each GPU memory, speed and their sources.

Live prices come from the Hub (`JobRunner.flavors`); nothing here asks it. A GPU that is not listed is planned with
careful guesses, and `Gpu.known` says so.
"""

from bot.models import Flavor, Value

#: The day that FALLBACK_FLAVORS was read.
PRICES_READ_ON = "2026-08-22"


def _flavor(
    name: str, pretty: str, gpu: str | None, gpus: int, vram: float, ram: float, disk: float, price: float
) -> Flavor:
    return Flavor(
        name=name,
        pretty_name=pretty,
        gpu=gpu,
        gpus=gpus,
        vram_gb=vram,
        ram_gb=ram,
        disk_gb=disk,
        price_usd_hour=price,
    )


#: Source: https://github.com/huggingface/hub-docs/blob/main/docs/hub/jobs-pricing.md, read on PRICES_READ_ON.
FALLBACK_FLAVORS: tuple[Flavor, ...] = (
    _flavor("cpu-basic", "CPU Basic", None, 0, 0, 16, 50, 0.01),
    _flavor("cpu-upgrade", "CPU Upgrade", None, 0, 0, 32, 50, 0.03),
    _flavor("cpu-xl", "CPU XL", None, 0, 0, 124, 1000, 1.00),
    _flavor("cpu-performance", "CPU Performance", None, 0, 0, 256, 1024, 1.90),
    _flavor("t4-small", "Nvidia T4 - small", "T4", 1, 16, 15, 50, 0.40),
    _flavor("t4-medium", "Nvidia T4 - medium", "T4", 1, 16, 30, 100, 0.60),
    _flavor("l4x1", "1x Nvidia L4", "L4", 1, 24, 30, 400, 0.80),
    _flavor("l4x4", "4x Nvidia L4", "L4", 4, 96, 186, 3200, 3.80),
    _flavor("a10g-small", "Nvidia A10G - small", "A10G", 1, 24, 15, 110, 1.00),
    _flavor("a10g-large", "Nvidia A10G - large", "A10G", 1, 24, 46, 200, 1.50),
    _flavor("a10g-largex2", "2x Nvidia A10G - large", "A10G", 2, 48, 92, 1000, 3.00),
    _flavor("a10g-largex4", "4x Nvidia A10G - large", "A10G", 4, 96, 184, 2000, 5.00),
    _flavor("l40sx1", "1x Nvidia L40S", "L40S", 1, 48, 62, 380, 1.80),
    _flavor("l40sx4", "4x Nvidia L40S", "L40S", 4, 192, 382, 3200, 8.30),
    _flavor("l40sx8", "8x Nvidia L40S", "L40S", 8, 384, 1534, 6500, 23.50),
    _flavor("a100-large", "Nvidia A100 - large", "A100", 1, 80, 142, 1000, 2.50),
    _flavor("a100x4", "4x Nvidia A100", "A100", 4, 320, 568, 4000, 10.00),
    _flavor("a100x8", "8x Nvidia A100", "A100", 8, 640, 1136, 8000, 20.00),
    _flavor("rtx-pro-6000", "Nvidia RTX PRO 6000", "RTX PRO 6000", 1, 96, 256, 475, 2.75),
    _flavor("rtx-pro-6000x2", "2x Nvidia RTX PRO 6000", "RTX PRO 6000", 2, 192, 512, 950, 5.50),
    _flavor("rtx-pro-6000x4", "4x Nvidia RTX PRO 6000", "RTX PRO 6000", 4, 384, 1024, 1900, 11.00),
    _flavor("rtx-pro-6000x8", "8x Nvidia RTX PRO 6000", "RTX PRO 6000", 8, 768, 2048, 3800, 22.00),
    _flavor("h200", "Nvidia H200", "H200", 1, 141, 256, 3000, 5.00),
    _flavor("h200x2", "2x Nvidia H200", "H200", 2, 282, 512, 6000, 10.00),
    _flavor("h200x4", "4x Nvidia H200", "H200", 4, 564, 1024, 12000, 20.00),
    _flavor("h200x8", "8x Nvidia H200", "H200", 8, 1128, 2048, 24000, 40.00),
)

#: vCPUs of the flavors without a GPU. Source: as FALLBACK_FLAVORS. An unlisted one counts as the smallest.
CPU_CORES = {"cpu-basic": 2, "cpu-upgrade": 8, "cpu-xl": 16, "cpu-performance": 32}


class Gpu(Value):
    """One GPU as a training job finds it."""

    name: str
    #: What PyTorch can allocate, in GiB, before its own context is counted.
    usable_gib: float
    #: CUDA context, in GiB.
    context_gib: float
    #: Peak of dense half precision, in TFLOP/s, and the share of it that matrix products of real layers reach.
    peak_tflops: float
    matmul: float
    #: TFLOP/s that matrix products in 4 bytes reach.
    fp32_tflops: float
    #: True: training speed was checked against published runs; False: believed, and the range is wider.
    measured: bool
    #: Memory bandwidth, in GB/s.
    bandwidth_gbs: float
    #: Milliseconds that launching one layer's kernels, forward and backward, takes at least.
    launch_ms: float
    #: Milliseconds that one layer takes for one generated token with plain `generate`.
    decode_ms: float
    #: GB/s in one direction between two GPUs of a machine.
    link_gbs: float
    #: Has bfloat16 in hardware.
    bf16: bool
    #: False: not in our table; every number is a careful guess from its memory.
    known: bool = True


def _gpu(
    name: str,
    usable: float,
    tflops: float,
    *,
    matmul: float,
    fp32: float,
    bandwidth: float,
    link: float = 32,
    measured: bool = False,
    bf16: bool = True,
) -> Gpu:
    return Gpu(
        name=name,
        usable_gib=usable,
        context_gib=0.45 if bf16 else 0.14,
        peak_tflops=tflops,
        matmul=matmul,
        fp32_tflops=fp32,
        measured=measured,
        bandwidth_gbs=bandwidth,
        launch_ms=5.0 if bf16 else 9.0,
        decode_ms=4.0 if bf16 else 11.0,
        link_gbs=link,
        bf16=bf16,
    )


#: Peak: TRL 1.16's own table for its FLOPs report (trl/trainer/utils.py; vendors' data sheets, dense half precision).
#: Usable memory: what published runs on these cards report as total (T4 14.56, A100 79.25 measured; the others
#: believed). T4 has no bfloat16 (compute capability 7.5,
#: https://docs.nvidia.com/cuda/cuda-c-programming-guide/#compute-capabilities).
#: Bandwidth and links (NVLink, or PCIe of the card's generation, one direction): vendors' data sheets. Launches: what a
#: layer takes in published runs too small to fill the card.
#: Matrix products: the best that was measured (https://github.com/stas00/ml-engineering/tree/master/compute/accelerator,
#: "Maximum Achievable Matmul FLOPS comparison table", read again: A100 271.2 of 312, H100 794.5 of 989, "H200 is the
#: same") times 0.87 for shapes of real layers. That table has no L40S, L4, A10G and RTX PRO 6000; T4 and L4 are held at
#: 70 and 72 W and clock down under load (Jia et al. 2019, https://arxiv.org/abs/1903.07486, abstract, for T4, without a
#: number for this); A10G's 125 count half precision sums, and its 4-byte sums are half as fast. T4 and L40S are read
#: off published runs, the other three are believed.
#: H200: the same chip as H100, whose 14 published runs (docs/accuracy.md) lie within the range of what was measured.
#: 4-byte products: data sheets (T4 8.1, A100 19.5 without TF32, ...) times the same share.
GPUS: tuple[Gpu, ...] = (
    _gpu("T4", 14.56, 65, matmul=0.32, fp32=4.5, bandwidth=320, link=16, measured=True, bf16=False),
    _gpu("L40S", 44.4, 362, matmul=0.60, fp32=55, bandwidth=864, measured=True),
    _gpu("L4", 22.0, 121, matmul=0.50, fp32=15, bandwidth=300),
    _gpu("A100", 79.25, 312, matmul=0.75, fp32=15, bandwidth=2039, link=300, measured=True),
    _gpu("A10G", 22.0, 125, matmul=0.45, fp32=20, bandwidth=600),
    _gpu("RTX PRO 6000", 94.9, 500, matmul=0.60, fp32=75, bandwidth=1792, link=64),
    _gpu("H200", 139.0, 989, matmul=0.70, fp32=45, bandwidth=4800, link=450, measured=True),
    _gpu("H100", 79.1, 989, matmul=0.70, fp32=45, bandwidth=3350, link=450, measured=True),
)


def gpu_of(flavor: Flavor) -> Gpu | None:
    """Look the flavor's GPU up; None for a flavor without one.

    An unknown GPU counts as 90 % of its memory and as fast as an L4 for each GB, which is careful for all newer cards.
    """
    if flavor.gpu is None:
        return None
    wanted = _squeeze(flavor.gpu)
    for gpu in GPUS:
        if _squeeze(gpu.name) in wanted:
            return gpu
    each = flavor.vram_gb / max(1, flavor.gpus)
    return Gpu(
        name=flavor.gpu,
        usable_gib=round(each * 0.9, 2),
        context_gib=0.45,
        peak_tflops=121 * each / 24,
        matmul=0.4,
        fp32_tflops=15,
        measured=False,
        bandwidth_gbs=300,
        launch_ms=5.0,
        decode_ms=4.0,
        link_gbs=32,
        bf16=True,
        known=False,
    )


def usable_gib(flavor: Flavor) -> float:
    """GiB that one process can use: of one GPU, or of the host when there is none.

    Host: 1.5 GiB are left to the system and to Python with PyTorch (0.5 GiB measured with TRL 1.16).
    """
    gpu = gpu_of(flavor)
    if gpu is not None:
        return gpu.usable_gib
    return round(flavor.ram_gb * 1e9 / 2**30 - 1.5, 2)


def _squeeze(name: str) -> str:
    return "".join(ch for ch in name.lower() if ch.isalnum())
