"""The hardware of Hugging Face Jobs and its prices, as the real Hub listed them in November 2026.

A table and its JSON. Does not know jobs.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HubFlavor:
    """One row of https://huggingface.co/docs/hub/jobs-pricing."""

    name: str
    pretty_name: str
    #: "T4", ...; "": no GPU.
    gpu: str
    gpus: int
    #: Of all GPUs together.
    vram_gb: int
    vcpus: int
    ram_gb: int
    disk_gb: int
    usd_hour: float

    @property
    def json(self) -> dict[str, Any]:
        """The shape of huggingface_hub's JobHardwareInfo; the unit is a minute."""
        accelerator = None
        if self.gpu:
            accelerator = {
                "type": "gpu",
                "model": self.gpu,
                "quantity": str(self.gpus),
                "vram": f"{self.vram_gb} GB",
                "manufacturer": "Nvidia",
            }
        return {
            "name": self.name,
            "prettyName": self.pretty_name,
            "cpu": f"{self.vcpus} vCPU",
            "ram": f"{self.ram_gb} GB",
            "ephemeralStorage": f"{self.disk_gb} GB",
            "accelerator": accelerator,
            "unitCostMicroUSD": round(self.usd_hour / 60 * 1e6),
            "unitCostUSD": round(self.usd_hour / 60, 6),
            "unitLabel": "minute",
        }


FLAVORS: dict[str, HubFlavor] = {
    row[0]: HubFlavor(*row)
    for row in (
        ("cpu-basic", "CPU Basic", "", 0, 0, 2, 16, 50, 0.01),
        ("cpu-upgrade", "CPU Upgrade", "", 0, 0, 8, 32, 50, 0.03),
        ("cpu-performance", "CPU Performance", "", 0, 0, 32, 256, 1024, 1.90),
        ("cpu-xl", "CPU XL", "", 0, 0, 16, 124, 1000, 1.00),
        ("t4-small", "Nvidia T4 - small", "T4", 1, 16, 4, 15, 50, 0.40),
        ("t4-medium", "Nvidia T4 - medium", "T4", 1, 16, 8, 30, 100, 0.60),
        ("l4x1", "1x Nvidia L4", "L4", 1, 24, 8, 30, 400, 0.80),
        ("l4x4", "4x Nvidia L4", "L4", 4, 96, 48, 186, 3200, 3.80),
        ("l40sx1", "1x Nvidia L40S", "L40S", 1, 48, 8, 62, 380, 1.80),
        ("l40sx4", "4x Nvidia L40S", "L40S", 4, 192, 48, 382, 3200, 8.30),
        ("l40sx8", "8x Nvidia L40S", "L40S", 8, 384, 192, 1534, 6500, 23.50),
        ("a10g-small", "Nvidia A10G - small", "A10G", 1, 24, 4, 15, 110, 1.00),
        ("a10g-large", "Nvidia A10G - large", "A10G", 1, 24, 12, 46, 200, 1.50),
        ("a10g-largex2", "2x Nvidia A10G - large", "A10G", 2, 48, 24, 92, 1000, 3.00),
        ("a10g-largex4", "4x Nvidia A10G - large", "A10G", 4, 96, 48, 184, 2000, 5.00),
        ("a100-large", "Nvidia A100 - large", "A100", 1, 80, 12, 142, 1000, 2.50),
        ("a100x4", "4x Nvidia A100", "A100", 4, 320, 48, 568, 4000, 10.00),
        ("a100x8", "8x Nvidia A100", "A100", 8, 640, 96, 1136, 8000, 20.00),
        ("h200", "Nvidia H200", "H200", 1, 141, 23, 256, 3000, 5.00),
        ("h200x2", "2x Nvidia H200", "H200", 2, 282, 46, 512, 6000, 10.00),
        ("h200x4", "4x Nvidia H200", "H200", 4, 564, 92, 1024, 12000, 20.00),
        ("h200x8", "8x Nvidia H200", "H200", 8, 1128, 184, 2048, 24000, 40.00),
        ("rtx-pro-6000", "Nvidia RTX PRO 6000", "RTX PRO 6000", 1, 96, 23, 256, 475, 2.75),
        ("rtx-pro-6000x2", "2x Nvidia RTX PRO 6000", "RTX PRO 6000", 2, 192, 46, 512, 950, 5.50),
        ("rtx-pro-6000x4", "4x Nvidia RTX PRO 6000", "RTX PRO 6000", 4, 384, 92, 1024, 1900, 11.00),
        ("rtx-pro-6000x8", "8x Nvidia RTX PRO 6000", "RTX PRO 6000", 8, 768, 184, 2048, 3800, 22.00),
    )
}
