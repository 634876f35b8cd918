"""Every field that can be asked for: its keys, its words in several languages, its units, its reader, its example.

This one table is the grammar of `key=value` and `--flags`, the vocabulary of sentences, and the help.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from bot.intake import values
from bot.models import TrainingRequest, Value


class Kind(StrEnum):
    """How the value of a field is read."""

    MODEL = "model"
    DATASET = "dataset"
    OUTPUT = "output"
    METHOD = "method"
    HARDWARE = "hardware"
    FLAG = "yes or no"
    INTEGER = "whole number"
    NUMBER = "number"
    TOKENS = "tokens"
    SHARE = "share"
    MONEY = "US dollars"
    HOURS = "hours"
    TIMEOUT = "timeout"
    WORD = "word"
    #: Read and dropped: a local matter of the script that a line was pasted from.
    IGNORED = "ignored"


class Keyword(Value):
    """One row of the table."""

    field: str
    kind: Kind
    #: key=value and --key; the first is the one that the help shows. "-", "_" and blanks are the same.
    keys: tuple[str, ...]
    #: More words for it in sentences, before the value.
    words: tuple[str, ...] = ()
    #: Words behind a bare number ("3 epochs").
    units: tuple[str, ...] = ()
    example: str = ""
    says: str = ""
    topic: str = ""

    @property
    def label(self) -> str:
        return self.keys[0].replace("_", " ")


def _row(field: str, kind: Kind, keys: str, **more: Any) -> Keyword:
    return Keyword(
        field=field,
        kind=kind,
        keys=tuple(keys.split()),
        words=tuple(filter(None, more.pop("words", "").split("|"))),
        units=tuple(filter(None, more.pop("units", "").split("|"))),
        **more,
    )


K = Kind
# fmt: off
TABLE: tuple[Keyword, ...] = (
    _row(
        "model", K.MODEL, "model base_model model_id model_name model_name_or_path base "
        "pretrained_model_name_or_path pretrained_model from_model checkpoint llm modell modèle "
        "modelo",
        words="base model|模型|模型名称|基础模型|モデル|ベースモデル",
        example="model=Qwen/Qwen3-0.6B", topic="model",
        says="the model to start from: a Hub id, a link, or words such as \"llama 3.2 1b\"",
    ),
    _row(
        "dataset", K.DATASET, "dataset data dataset_name dataset_id dataset_path data_path data_set train_dataset "
        "train_data training_data dataset_name_or_path path ds datensatz datos dados données",
        words="data set|训练数据|数据|数据集|データセット|データ|jeu de données|conjunto de datos|"
        "conjunto de dados",
        example="dataset=trl-lib/Capybara", says="what to train on: a Hub id, a link, or a name", topic="dataset",
    ),
    _row(
        "dataset_config", K.WORD, "config dataset_config subset dataset_config_name dataset_subset configuration "
        "data_config config_name",
        words="konfiguration|configuración|configuração|sous-ensemble|子集|配置",
        example="config=main", says="the configuration of the dataset, when it has several", topic="dataset",
    ),
    _row(
        "split", K.WORD, "split train_split dataset_split dataset_train_split data_split",
        example="split=train_sft", says="the split to train on", topic="dataset",
    ),
    _row(
        "eval_split", K.WORD, "eval_split validation_split test_split val_split valid_split dataset_test_split "
        "eval_dataset_split",
        example="eval_split=test_sft", says="the split to evaluate on", topic="dataset",
    ),
    _row(
        "max_samples", K.INTEGER,
        "max_samples samples num_samples max_train_samples n_samples max_examples num_examples "
        "max_rows rows limit sample_size",
        units="samples|ones|sample|examples|example|rows|records|conversations|instances|data points|"
        "datapoints|beispiele|beispielen|zeilen|exemples|lignes|ejemplos|filas|muestras|exemplos|"
        "amostras|linhas|条数据|条样本|个样本|条|件のデータ|サンプル|件|行",
        example="max_samples=1k", says="train on so many rows only", topic="dataset",
    ),
    _row(
        "sample_fraction", K.SHARE, "sample_fraction fraction data_fraction",
        example="sample_fraction=10%", says="train on a share of the rows", topic="dataset",
    ),
    _row(
        "eval_fraction", K.SHARE, "eval_fraction test_size validation_fraction val_size",
        example="eval_fraction=5%", says="hold so much back for evaluation", topic="dataset",
    ),
    _row(
        "method", K.METHOD, "method trainer training_method algorithm algo stage technique methode méthode "
        "método",
        words="方法|訓練方法|手法|训练方法",
        example="method=dpo", says="sft (examples), dpo (preferences) or grpo (rewards)", topic="method",
    ),
    _row(
        "beta", K.NUMBER, "beta dpo_beta kl_coef",
        example="beta=0.1", says="DPO and GRPO: how close to stay to the model it starts from", topic="method",
    ),
    _row(
        "num_generations", K.INTEGER, "num_generations generations group_size num_completions",
        units="generations|completions|rollouts|generations per prompt|samples per prompt|"
        "completions per prompt|rollouts per prompt",
        example="num_generations=8", says="GRPO: answers per prompt", topic="method",
    ),
    _row(
        "temperature", K.NUMBER, "temperature temp",
        example="temperature=0.9", says="GRPO: sampling temperature", topic="method",
    ),
    _row(
        "reward", K.WORD, "reward reward_func reward_funcs reward_function",
        example="reward=accuracy", says="GRPO: the reward function", topic="method",
    ),
    _row(
        "output_repo", K.OUTPUT, "output output_repo out hub_model_id push_to_hub_model_id output_repo_id output_name "
        "repo repo_id push_to dest destination target save_as output_model hub_repo name to where salida "
        "saída sortie ausgabe",
        words="输出|出力",
        example="output=acme/my-model", says="where the trained model goes on the Hub", topic="output",
    ),
    _row(
        "private", K.FLAG, "private hub_private_repo is_private privat privé privado",
        example="private=true", says="keep the result private", topic="output",
    ),
    _row(
        "hardware", K.HARDWARE,
        "hardware flavor flavour gpu gpu_type machine instance device compute hw accelerator gpus",
        words="硬件|显卡|ハードウェア",
        example="hardware=a10g-large", topic="hardware",
        says="what to rent; left out, the best fit for the money is chosen",
    ),
    _row(
        "budget_usd", K.MONEY, "budget max_cost budget_usd cost_limit max_budget max_price spend max_usd presupuesto "
        "orçamento",
        words="预算|予算|最大预算",
        example="budget=5", says="the most it may cost", topic="hardware",
    ),
    _row(
        "max_hours", K.HOURS, "max_hours max_time max_runtime time_limit max_duration hours max_time_hours time_budget",
        words="time limit|时间限制|制限時間",
        example="max_hours=2", says="the longest it may run", topic="hardware",
    ),
    _row(
        "max_hours", K.TIMEOUT, "timeout job_timeout",
        example="timeout=90m", says="the longest it may run: minutes as 90m, hours as 2h", topic="hardware",
    ),
    _row(
        "plan_only", K.FLAG, "plan_only dry_run price_only",
        example="--plan_only", says="only the plan and its price: nobody can approve it", topic="hardware",
    ),
    _row(
        "lora", K.FLAG, "lora use_lora use_peft peft adapter adapters",
        example="--lora or --no-lora", says="train an adapter instead of all weights", topic="lora",
    ),
    _row(
        "lora_r", K.INTEGER, "lora_r lora_rank r rank peft_r lora_dim",
        words="lora rank|rang|秩|ランク",
        example="lora_r=16", says="the rank of the adapter", topic="lora",
    ),
    _row(
        "lora_alpha", K.INTEGER, "lora_alpha alpha peft_alpha",
        example="lora_alpha=32", says="the scale of the adapter", topic="lora",
    ),
    _row(
        "lora_dropout", K.NUMBER, "lora_dropout dropout",
        example="lora_dropout=0.05", says="dropout in the adapter", topic="lora",
    ),
    _row(
        "load_in_4bit", K.FLAG, "load_in_4bit qlora 4bit use_4bit int4 use_qlora",
        example="--qlora", says="LoRA over weights in 4 bits", topic="lora",
    ),
    _row(
        "epochs", K.NUMBER, "epochs num_train_epochs num_epochs epoch ep n_epochs train_epochs nb_epochs max_epochs "
        "epochen époques épocas",
        words="number of epochs|에폭|轮数|训练轮数|エポック数|エポック",
        units="epochs|epoch|eps|ep|full passes|passes|pass|epochen|epoche|époques|époque|épocas|época|"
        "epocas|epoca|эпох|эпоха|эпохи|에폭|轮|个epoch|个 epoch|エポック|回训练",
        example="epochs=2", says="how often to go through the data", topic="training",
    ),
    _row(
        "max_steps", K.INTEGER, "max_steps steps num_steps max_train_steps train_steps total_steps num_train_steps "
        "training_steps",
        words="步数|最大步数|ステップ数",
        units="steps|step|iterations|iters|optimizer steps|training steps|schritte|schritten|étapes|"
        "pasos|passos|pas|passi|шагов|шага|步|ステップ",
        example="max_steps=500", says="stop after so many steps", topic="training",
    ),
    _row(
        "learning_rate", K.NUMBER, "lr learning_rate learningrate step_size lernrate",
        words="learning-rate|tasa de aprendizaje|taxa de aprendizado|taxa de aprendizagem|"
        "taux d'apprentissage|velocità di apprendimento|tasso di apprendimento|学习率|学習率|학습률",
        example="lr=2e-5", says="the learning rate", topic="training",
    ),
    _row(
        "batch_size", K.INTEGER, "batch_size bs batch per_device_train_batch_size train_batch_size bsz batchsize "
        "per_device_batch_size micro_batch_size train_bs",
        words="batches|batch-size|размер батча|batchgröße|batch size per device|taille de batch|taille de lot"
        "|lot de|lote de|"
        "tamaño de lote|tamaño del lote|tamaño de batch|tamanho do lote|tamanho de lote|批大小|"
        "批次大小|批量大小|batch大小|バッチサイズ",
        example="batch_size=8", says="rows per step and device", topic="training",
    ),
    _row(
        "grad_accum", K.INTEGER,
        "grad_accum gradient_accumulation_steps gradient_accumulation ga grad_acc accum accumulation "
        "accumulation_steps grad_accumulation grad_accum_steps gas",
        words="grad accumulation steps|gradient accumulation of|梯度累积|梯度累积步数|勾配累積",
        example="grad_accum=4", says="steps that are summed before the weights move", topic="training",
    ),
    _row(
        "max_length", K.TOKENS, "max_length max_seq_length seq_len max_seq_len max_len sequence_length context_length "
        "context max_tokens seqlen seq sequence_len block_size cutoff_len model_max_length ctx seq_length "
        "max_token_length len",
        words="sequence length|max sequence|max sequence length|maximum length|maximum sequence length|context window|"
            "context size|context length|context of|context up to|ctx of|seq length|最大长度|序列长度|上下文长度"
            "|最大長|longueur max|"
        "longitud máxima|comprimento máximo|maximale länge",
        units="tokens max|token max|tokens|token context|context|token sequences|ctx",
        example="max_length=2048", says="the longest row", topic="training",
    ),
    _row(
        "seed", K.INTEGER, "seed random_seed data_seed",
        words="种子|随机种子|シード|graine|semilla|semente",
        example="seed=42", says="the random seed", topic="training",
    ),
    _row(
        "optimizer", K.WORD, "optim optimizer optimiser",
        example="optim=adamw_8bit", says="the optimizer, by its name in transformers", topic="training",
    ),
    _row(
        "lr_scheduler", K.WORD, "scheduler lr_scheduler lr_scheduler_type schedule lr_schedule",
        example="scheduler=cosine", says="the learning rate's schedule", topic="training",
    ),
    _row(
        "warmup_ratio", K.SHARE, "warmup warmup_ratio",
        example="warmup=3%", says="share of the steps with a rising learning rate", topic="training",
    ),
    _row(
        "weight_decay", K.NUMBER, "weight_decay wd",
        example="weight_decay=0.01", says="weight decay", topic="training",
    ),
    _row(
        "packing", K.FLAG, "packing pack",
        example="--packing", says="fill each row with several examples", topic="training",
    ),
    _row(
        "gradient_checkpointing", K.FLAG, "gradient_checkpointing grad_checkpointing activation_checkpointing",
        example="--gradient_checkpointing", says="less memory, more time", topic="training",
    ),
    _row(
        "chat_template", K.FLAG, "chat_template apply_chat_template use_chat_template",
        example="chat_template=no", says="plain prompts and answers stay bare texts", topic="training",
    ),
    _row(
        "save_steps", K.INTEGER, "save_steps checkpoint_steps save_every",
        example="save_steps=500", says="push a checkpoint every so many steps", topic="training",
    ),
    _row(
        "eval_steps", K.INTEGER, "eval_steps eval_every",
        example="eval_steps=100", says="evaluate every so many steps", topic="training",
    ),
    _row(
        "report_to", K.WORD, "report_to tracker",
        example="report_to=trackio", says="where else to send the curves", topic="training",
    ),
    _row(
        "", K.IGNORED, "output_dir output_folder save_dir logging_steps logging_dir warmup_steps project_name "
        "run_name bf16 fp16 dtype torch_dtype push_to_hub hub_token token username user org note "
        "notes task secrets logging_strategy save_strategy eval_strategy do_train do_eval "
        "trust_remote_code attn_implementation use_vllm max_prompt_length max_completion_length "
        "lora_target_modules target_modules bias type task_type tokenizer tokenizer_name "
        "dataset_text_field",
    ),
)
# fmt: on


def fold(key: str) -> str:
    """Bring a key to the form that KEYS uses: "--Learning-Rate" and "learning rate" are learning_rate."""
    return key.strip().strip("\"'").lstrip("-").lower().replace("-", "_").replace(" ", "_")


#: Every way to write a key -> its row.
KEYS: dict[str, Keyword] = {fold(key): row for row in TABLE for key in (*row.keys, *row.words)}
#: The row that the help shows for a field.
BY_FIELD: dict[str, Keyword] = {row.field: row for row in reversed(TABLE) if row.field}

_READERS: dict[Kind, Callable[[str], float | bool | None]] = {
    K.INTEGER: values.number,
    K.NUMBER: values.number,
    K.TOKENS: values.tokens,
    K.SHARE: values.fraction,
    K.MONEY: values.money,
    K.HOURS: values.hours,
    K.TIMEOUT: values.timeout_hours,
    K.FLAG: values.truth,
}
NUMERIC = frozenset({K.INTEGER, K.NUMBER, K.TOKENS, K.SHARE, K.MONEY, K.HOURS, K.TIMEOUT})


def read_value(row: Keyword, text: str) -> float | int | bool | None:
    """Read a value for a row; None: it cannot be read as one. Bounds are `is_possible`'s business."""
    value = _READERS[row.kind](text)
    if isinstance(value, float):
        return as_number(value)
    return value


def as_number(value: float) -> float | int:
    """Say 3 rather than 3.0, where that is what it is."""
    rounded = round(value, 12) if abs(value) >= 1e-3 else value
    return int(rounded) if rounded == rounded and abs(rounded) < 1e15 and rounded == int(rounded) else rounded


def is_possible(field: str, value: object) -> bool:
    """Tell whether a request may hold this value: the bounds are TrainingRequest's own."""
    try:
        TrainingRequest.model_validate({field: value})
    except ValidationError:
        return False
    return True


def bounds(field: str) -> str:
    """Say a field's bounds in words: "above 0 and at most 1000"."""
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    parts = []
    for rule in TrainingRequest.model_fields[field].metadata:
        for name, text in words.items():
            if hasattr(rule, name):
                parts.append(f"{text} {getattr(rule, name):,}")
    return " and ".join(parts)
