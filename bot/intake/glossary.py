"""What the words of fine-tuning mean, in two or three plain sentences each, for people who have never trained a model.

Does not know any run: the views add what this one uses.
"""

from bot.models import Value


class Term(Value):
    """One word and its meaning."""

    name: str
    #: Plain text; no markup.
    meaning: str
    #: The field of TrainingRequest that holds it; "": none does.
    field: str = ""
    #: How else people write it.
    also: tuple[str, ...] = ()


def _term(name: str, meaning: str, *, field: str = "", also: str = "") -> Term:
    return Term(name=name, meaning=meaning, field=field, also=tuple(filter(None, also.split("|"))))


TERMS = (
    _term(
        "fine-tuning",
        "Fine-tuning goes on training a finished model with your own examples, so that it answers in your way. It needs"
        " far less data, time and money than training a model from nothing.",
        also="fine tuning|finetuning|fine-tune|fine tune|finetune|training",
    ),
    _term(
        "LoRA",
        "LoRA trains a small adapter beside the model and leaves the model's own weights as they are. It needs much"
        " less GPU memory, so a cheaper machine will do, and the result is a small file that is used together with"
        " the"
        " base model.",
        field="lora",
        also="a lora|peft|low-rank adaptation|low rank adaptation",
    ),
    _term(
        "QLoRA",
        "QLoRA is LoRA on a base model that is held in 4 bits a number instead of 16. It needs the least memory and"
        " runs a"
        " little slower.",
        field="load_in_4bit",
        also="4-bit|4 bit|4bit|q-lora",
    ),
    _term(
        "adapter",
        "An adapter is the small set of weights that LoRA trains. It is loaded on top of the base model, which stays"
        " the"
        " same.",
        field="lora",
        also="adapters|lora adapter",
    ),
    _term(
        "LoRA rank",
        "The rank is the size of a LoRA adapter: a higher rank can learn more and needs more memory. 8 to 32 is usual.",
        field="lora_r",
        also="rank|lora_r|lora r",
    ),
    _term(
        "LoRA alpha",
        "Alpha scales how strongly the LoRA adapter acts. Twice the rank is a usual choice.",
        field="lora_alpha",
        also="alpha|lora_alpha",
    ),
    _term(
        "full fine-tuning",
        "Full fine-tuning changes all weights of the model. It needs the most memory; LoRA is the thrifty alternative.",
        field="lora",
        also="full finetuning|full fine tuning|full fine-tune|all weights",
    ),
    _term(
        "SFT",
        "SFT, supervised fine-tuning, shows the model examples of good answers and teaches it to write such answers."
        " Its data"
        " are conversations, pairs of prompt and answer, or plain text.",
        field="method",
        also="supervised fine-tuning|supervised finetuning|supervised fine tuning",
    ),
    _term(
        "DPO",
        "DPO, direct preference optimization, learns from pairs: a better answer and a worse one to the same prompt."
        " The model"
        " is pulled towards the better ones. It usually follows SFT.",
        field="method",
        also="direct preference optimization|preference tuning|preference data",
    ),
    _term(
        "GRPO",
        "GRPO lets the model write several answers to each prompt, scores them with a reward function, and makes the"
        " better"
        " ones more likely. It suits tasks whose answers can be checked, such as maths.",
        field="method",
        also="group relative policy optimization",
    ),
    _term(
        "KTO",
        "KTO learns from single answers that are marked as good or bad; unlike DPO it needs no pairs.",
        field="method",
    ),
    _term(
        "reward model",
        "A reward model gives an answer a score. It is trained on pairs of a better and a worse answer, and other"
        " training"
        " can use its scores.",
        field="method",
        also="reward modelling|reward modeling|reward",
    ),
    _term(
        "epoch",
        "An epoch is one pass through all rows of the data. One to three are usual; more can make a model repeat its"
        " examples"
        " by heart.",
        field="epochs",
        also="epochs",
    ),
    _term(
        "step",
        "A step is one change of the weights, after one batch of rows. Rows times epochs divided by the batch gives"
        " the number"
        " of steps.",
        field="max_steps",
        also="steps|training step|training steps",
    ),
    _term(
        "learning rate",
        "The learning rate says how far each step changes the weights. Too high and the training falls apart, too"
        " low and"
        " nothing is learned. LoRA takes about ten times the rate of full fine-tuning.",
        field="learning_rate",
        also="lr",
    ),
    _term(
        "batch size",
        "The batch size is how many rows a GPU works on at once. A larger one is steadier and needs more memory.",
        field="batch_size",
        also="batch|batches|bs",
    ),
    _term(
        "gradient accumulation",
        "Gradient accumulation adds up several small batches before the weights change: the effect of a large batch"
        " with the"
        " memory of a small one.",
        field="grad_accum",
        also="grad accumulation|gradient accumulation steps|grad accum",
    ),
    _term(
        "gradient checkpointing",
        "Gradient checkpointing saves GPU memory by computing some things twice, so the training is slower by about a"
        " quarter to a third.",
        field="gradient_checkpointing",
        also="activation checkpointing",
    ),
    _term(
        "maximum length",
        "The maximum length is how many tokens of a row the model sees; what is longer is cut off. Longer rows need"
        " more memory"
        " and time.",
        field="max_length",
        also="max length|max_length|sequence length|max sequence length|context length",
    ),
    _term(
        "token",
        "A token is a piece of a word; models read and write tokens. English has about four characters in a token.",
        also="tokens",
    ),
    _term(
        "packing",
        "Packing joins several short rows into one long row, so that no part of a batch is empty. It is faster for"
        " short"
        " examples.",
        field="packing",
    ),
    _term(
        "loss",
        "The loss measures how badly the model predicts the examples. It should fall during the training; a loss"
        " that is no"
        " number means that the training broke.",
        also="train loss|training loss",
    ),
    _term(
        "evaluation",
        "Evaluation measures the loss on rows that are kept out of the training. When it rises while the training"
        " loss falls,"
        " the model learns its examples by heart.",
        field="eval_fraction",
        also="eval|eval loss|evaluation loss|validation",
    ),
    _term(
        "checkpoint",
        "A checkpoint is the model as it stands in the middle of the training, saved to the Hub. When a run breaks,"
        " what is"
        " saved is not lost.",
        field="save_steps",
        also="checkpoints",
    ),
    _term(
        "split",
        "A split is a named part of a dataset, such as train or test. A run trains on one.",
        field="split",
        also="splits|train split|dataset split",
    ),
    _term(
        "base model",
        "The base model is the finished model that the training starts from.",
        field="model",
        also="basemodel|starting model",
    ),
    _term(
        "dataset",
        "A dataset is the table of examples that the model learns from. I take it from the Hugging Face Hub by its"
        " name.",
        field="dataset",
        also="datasets|data set",
    ),
    _term(
        "flavor",
        "A flavor is a kind of machine that Hugging Face Jobs rents, with its GPU, memory and price an hour.",
        field="hardware",
        also="flavors|flavour|flavours|hardware flavor",
    ),
    _term(
        "ceiling",
        "The ceiling is the most that a run can cost: the job is stopped when its time limit is reached, so it"
        " cannot cost more."
        " The expected cost is usually lower.",
        field="budget_usd",
        also="cost ceiling|price ceiling|maximum cost",
    ),
    _term(
        "plan",
        "A plan is what I would run: model, data, method, machine, time and price. Nothing runs and nothing is spent"
        " until the"
        " right person approves it.",
        also="plans|a plan",
    ),
    _term(
        "run",
        "A run is one fine-tuning, from the request to the finished model. It has a thread, a card and a short name"
        " of eight"
        " letters and digits.",
        also="runs",
    ),
    _term(
        "seed",
        "The seed fixes the random choices, so that the same run can be done again.",
        field="seed",
        also="random seed",
    ),
    _term(
        "optimizer",
        "The optimizer is the rule by which each step changes the weights. The usual one is AdamW; 8-bit variants"
        " need less"
        " memory.",
        field="optimizer",
        also="optimiser|adamw",
    ),
    _term(
        "warm-up",
        "During the warm-up the learning rate rises from zero, so that the first steps do no harm.",
        field="warmup_ratio",
        also="warmup|warmup ratio",
    ),
    _term(
        "beta",
        "In DPO and GRPO, beta says how close the model must stay to the one it started from.",
        field="beta",
    ),
)  # fmt: skip

#: Every way to write a term, in small letters -> the term.
BY_NAME = {name.lower(): term for term in TERMS for name in (term.name, *term.also)}


def term_of(words: str) -> Term | None:
    """Find the term that the words name; None: none."""
    return BY_NAME.get(" ".join(words.lower().split()))
