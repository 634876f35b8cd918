"""What sentences say about the training, in the order in which it can be told apart.

The readers are `amounts`, `choices` and `portions`; names of models, datasets and outputs are the business of `roles`.
"""

from bot.intake.amounts import read_asides, read_lone_rate, read_money_and_time, read_numbers, read_time_beside
from bot.intake.choices import read_details, read_hardware, read_lora, read_methods, read_privacy
from bot.intake.portions import read_portions, read_shares
from bot.intake.sheet import Sheet


def read_free_text(sheet: Sheet) -> None:
    """Take what sentences say off the sheet, the unmistakable first."""
    read_asides(sheet)
    read_money_and_time(sheet)
    read_hardware(sheet)
    read_shares(sheet)
    read_lora(sheet)
    read_numbers(sheet)
    read_time_beside(sheet)
    read_portions(sheet)
    read_lone_rate(sheet)
    read_methods(sheet)
    read_privacy(sheet)
    read_details(sheet)
