"""The names that help, Home and questions show to people who begin."""

from bot.models.value import Value


class Examples(Value):
    """A model and a dataset that exist on the Hub that the bot speaks to; by default two of the real one."""

    model: str = "Qwen/Qwen3-0.6B"
    dataset: str = "trl-lib/Capybara"

    @property
    def request(self) -> str:
        """What to type behind the command."""
        return f"{self.model} on {self.dataset}"

    def fit(self, text: str) -> str:
        """A text that was written with the default names, with these in their place."""
        default = Examples()
        return text.replace(default.model, self.model).replace(default.dataset, self.dataset)
