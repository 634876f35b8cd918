"""Whether a message orders a training run or only talks about one.

A wish and an order count; the past, the hypothetical, the negated and the opinion do not. In doubt: no.
"""

import re


def _i(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_NOUN = (
    r"(?:fine[\s-]?tun\w*|finetun\w*|training|train|run|round|job|sft|dpo|grpo|q?lora|experiment|supervised"
    r"|preference|reinforcement|direct preference|group relative|distillation|ppo|kto|orpo|rlhf|rloo|reward)"
)
#: Orders to train, in their base form.
_TRAIN = (
    r"(?:(?:full[\s-])?fine[\s-]?tune(?![\w-]|\s(?:is|was|means)\b)|finetune(?![\w-]|\s(?:is|was|means)\b)"
    r"|(?:re)?train(?![\w-])(?!\s(?:loss|split|set|data|accuracy|time|script|is\b|was\b|looks?\b|finished"
    r"|failed|took|error|curve|station|ride|ticket|journey|wreck|of thought|spotting|late\b|home|schedule))"
    r"|post-?train(?!\w)|(?:\w{3,12}[- ])?tune(?![\w-]|\s(?:is|was|means)\b)|(?:sft|dpo|grpo|ppo|orpo|kto|qlora"
    r"|rlhf)(?![\w.-])(?!\s(?:is|was|works?|loss|run (?:is|was|failed)|model|would|seems|sounds|\w+ed\b))"
    r"|(?:continue|keep(?: on)?) (?:training|fine-?tuning|finetuning|improving)(?!\w)|pre-?train(?!\w)"
    r"|adapt(?!\w)|align(?!\w)|teach(?!\w)|distill?(?!\w)"
    rf"|(?:run|start|launch|kick off|kick-off|queue(?: up)?|schedule|submit|do|perform|execute|spin up|set up"
    rf"|setup|fire off|fire up|create|make|trigger|prepare|plan|begin|try|get)\s(?:(?:me|us|a|an|the|some"
    rf"|another|new|quick|small|short|full|test|simple|cheap|little|one|smoke|lora|q-?lora|supervised|first"
    rf"|follow-up|next|basic|tiny|single|[\ue000-\uf8ff]|\x00+)\s?){{0,6}}{_NOUN}(?!\w)(?!\s(?:loss|split|logs?"
    rf"|again))"
    r"|(?:build|create|develop|make|get) (?:me |us )?(?:an? |the )?(?:\w+[ -]){0,3}(?:models?|llm|chatbot"
    r"|classifier|assistant)(?!\w)(?!\s(?:card|page|list|work))|new (?:training |fine-?tun\w* )?(?:run|job"
    r"|request|training)|another (?:run|fine-?tune)|(?:need"
    r"|want) (?:a|an) (?:new )?(?:fine-?tuned?|finetuned?|lora|run|training (?:run|job)|sft|dpo|grpo|fine-?tune"
    r"|adapter)(?!\w)|take [\ue000-\uf8ff][^.\n]{0,40} and (?:do|run|fine|train|make)"
    r"|use [^.?!\n]{1,80} to (?:fine-?tune|train)(?!\w))"
)
_FILLER = (
    r"(?:(?:please|pls|plz|kindly|hi|hey|hello|yo|hiya|good (?:morning|afternoon|evening)|ok(?:ay)?|so|now"
    r"|next|then|also|and|just|first|great|thanks|thank you|alright|right|actually|again|there|team|all|folks"
    r"|bot|tunesmith|everyone|go ahead and|let'?s|lets|quick(?:ly)? (?:one|request)?|request|task|todo"
    r"|new request|yes|maybe you can|go|try to|@here|@channel|would you mind to|instead|this time|quick test"
    r"|for a quick test|as a (?:quick )?test|for testing|to start|to begin with"
    r"|bitte|kannst du(?: bitte)?|könntest du|por favor|s'il te plaît|peux-tu|puedes|podrías|pode|você pode"
    r"|(?:can|could|would|will) (?:you|u|we|i)(?: guys)?(?: maybe| perhaps| just| also| please| kindly| pls"
    r"| now| quickly| possibly)*|can u|looking to|hoping to|wanting to|planning to|would like to|would love to"
    r"|want to|need to|i want you to|i need you to|i'd like you to|i would like you to|we need you to"
    r"|we'd like you to|you should|help me(?: to)?|help us(?: to)?|do me a favor and|time to|ready to"
    r"|it'?s time to|your task is to|i(?:'m| am) ready to)\W{1,3}){0,6}"
)
_ORDER = _i(rf"(?:^|[.!?,;:\n)]\s?|\s-\s|\bso\s|\band\s|\bthen\s|\bto\s(?=\x01)){_FILLER}{_TRAIN}")
_ORDER_FIRST = _i(rf"^\W{{0,3}}{_FILLER}{_TRAIN}")
_WISH = _i(
    rf"\b(?:i|we)(?:'d| would|'ll| really| also| just| now|'m| am|'re| are)*\s(?:want|wanna|need|like|love|wish"
    rf"|prefer|looking|hoping)\s?(?:you |the bot |it "
    rf"|u )?(?:to )?(?:have |see |get |do |run |start |launch |kick off |try |go ahead and )?(?:(?:a|an|the"
    rf"|some|another|my|our|quick|small|new)\s){{0,3}}(?:[\ue000-\uf8ff]\s)?(?:{_TRAIN}|(?:fine[\s-]?)?tun(?:ed?"
    rf"|ing)|finetun(?:ed?|ing)|trained|training run|{_NOUN}(?!\w))"
    rf"|(?:^|[.!]\s)(?:please )?(?:need|want) [^.?!\n]{{0,60}}\b(?:fine-?tuned|finetuned|tuned|trained)\b"
    rf"|\b(?:can|could|would|will) (?:you|u|we|i)\b[^.?!\n]{{0,60}}?\b(?:{_TRAIN}"
    rf"|have [^.?!\n]{{0,40}}(?:fine-?tuned|trained))|\b(?:would|do) you mind (?:to )?(?:fine[\s-]?tuning"
    rf"|training|running|starting)|\b(?:would be (?:great|nice|good|cool) (?:to|if you could)|is it possible to"
    rf"|any chance (?:(?:you|we|i) (?:could|can)|to|of)|mind)\s(?:{_TRAIN}|get|have|training|fine-?tuning)|\b(?:help"
    rf"|assist) (?:me|us) (?:to |with )?(?:a )?(?:{_TRAIN}|fine[\s-]?tun\w+|training)|\b(?:goal|task|plan"
    rf"|idea) is to {_TRAIN}"
)
_NOT_WISH = _i(
    r"\b(?:someday|sometime|some day|eventually|one day|next (?:week|month|quarter|sprint|year)|at some point"
    r"|in the future|later this|don'?t (?:want|need|wanna)|do not (?:want|need)|didn'?t|wouldn'?t|not (?:want"
    r"|need|going|trying)|no longer|never wanted|used to)\b"
)
_FOREIGN = _i(
    r"\b(?:trainiere|trainen|trainieren|trainier|trainierst|finetunen|fine-?tunen|feintunen|feinabstimmen"
    r"|feinabstimmung|feinjustier\w+|nachtrainieren|passe\b[^.\n]{0,60}\ban\b|starte\b[^.\n]{0,40}(?:training"
    r"|lauf|fine-?tun\w*|sft|dpo|grpo)|(?:training|lauf|fine-?tuning|sft|dpo|grpo)\b[^.\n]{0,80}\b(?:starten"
    r"|durchführen|machen|anwerfen|laufen lassen)|(?:mach|mache|führe)\b[^.\n]{0,60}(?:fine-?tun\w*|training"
    r"|sft|dpo"
    r"|grpo))(?!\w)"
    r"|\b(?:entra[iî]ne(?:r|z|s)?|fine-?tune[rz]|finetuner|affine(?:r|z)?|réentra[iî]ne[rz]?|(?:lance|lancer"
    r"|lancez|fais|faire|démarre|démarrer)\b[^.\n]{0,50}(?:entra[iî]nement|fine-?tun\w*|run|sft|dpo"
    r"|grpo))(?!\w)"
    r"|\b(?:entrena|entrenar|entrene|entrenes|entrenen|entrénalo|entréname|entrenemos|afina|afinar|afine"
    r"|ajusta|ajustar|ajuste|finetunea\w*|fine-?tunea\w*|(?:haz|hacer|hagas|lanza|lanzar|ejecuta|corre|inicia"
    r"|empieza)\b[^.\n]{0,50}(?:fine-?tun\w*|entrenamiento|ajuste|sft|dpo|grpo|run))(?!\w)"
    r"|\b(?:treina|treinar|treine|treinem|afinar|afine|ajuste|ajustar|finetunar|finetuna|(?:faz|faça|fazer"
    r"|roda|rode|rodar|inicia|inicie|começa|lança)\b[^.\n]{0,50}(?:fine-?tun\w*|treino|treinamento|ajuste|sft"
    r"|dpo|grpo))(?!\w)"
    r"|微调|训练(?!集|数据|损失|轮|loss|完|好|进度|失败|日志|时间|步)|精调|跑[一个次下轮]{0,3}\s?(?:sft|dpo"
    r"|grpo|微调|训练|lora)|ファインチュー|微調整|学習(?:させ|して(?!いる|る|い)|を(?:開始|始|実行|お願い|回)"
    r"|お願い|したい)|訓練(?:して|を|した|お願い)|トレーニング(?:して|を|した|お願い)|チューニング(?:して|を"
    r"|した|お願い)"
)
_NOT_FOREIGN = _i(
    r"\b(?:nicht|kein\w*|ohne zu|sollten? wir|habe?n? (?:ich|wir)|hat\b|wurde|letzte\w*|gestern|könnten wir"
    r"|vielleicht|würde es|wenn wir|ne\b[^.\n]{0,30}\bpas|n'entra\w+ pas|on a|j'ai|nous avons|hier|peut-être"
    r"|devrait|si on|la semaine dernière|no (?:lo )?(?:entren|ajust|lances|hagas)\w*|hemos|entrené|entrenamos"
    r"|ayer|deberíamos|quizás?|si entren\w+|não (?:treine|treina|faça|rode)|treinamos|treinei|ontem|deveríamos"
    r"|talvez|se a gente|semana passada|la semana pasada)\b"
    r"|不要|别(?:训|微|跑)|不用|没有|训练过|微调过|上次|昨天|上周|要不要|是不是|应该|如果|可以吗|训练了|微调了"
    r"|(?:て|し)ないで|しました|したら|先週|昨日|べき|かも|した(?:けど|が)|どう思"
)
PAST = _i(
    r"\b(?:i|we|they|he|she|you|it|somebody|someone|anyone|anybody|team|guys)(?:'ve|'d| have| had| has"
    r"| already| just| once| also| never| did| both)*\s(?:tried|trained|fine-?tuned|finetuned|ran|used|did"
    r"|tested|started|made|got|had|was|were|went|saw|pushed|launched)\b|\b(?:finished|crashed|died|converged"
    r"|completed)\b|\b(?:last (?:week|month|time|year"
    r"|night|run)|yesterday(?!'s)|ages ago|back then|previously|earlier (?:today|this))\b|\b(?:has|have"
    r"|did) (?:anyone|anybody|someone|you|we)\b"
)
HYPOTHETICAL = _i(
    r"\b(?:should (?:i|we)|(?:we|i|you|they) (?:should|could|can also)|shouldn'?t|if (?:we|i|you|they|it)"
    r"|what if|would (?:it|that|this|they|a|an|the|\d)|might|thinking (?:about|of)|wonder(?:ing)?|considering"
    r"|maybe (?:we|i|it|that|a|the|\d)|perhaps|could be|probably|worth|curious|suppose|imagine|supposed to"
    r"|how (?:do|would|does|about we)|i (?:think|guess)(?! (?:i|we)(?:'ll| will)? go (?:for|with))|i bet|i feel"
    r"|imo|imho|tbh|iirc|afaik|in my experience"
    r"|usually|normally|typically|in theory|apparently|reckon|overkill|too (?:high|low|big|small|large|much"
    r"|slow|few|many|long|short)|seems?|looks like|is (?:better|worse|good|bad|enough|fine|faster|slower|great"
    r"|nice|way|pretty|really|the|a)\b|are (?:better|enough|fine)|was|were|took|takes|(?:it|that|this) gets|got"
    r"|works? (?:better|fine|well|best)|better than|enough|fyi|interesting|paper|article|they say|people)\b"
    r"|\b(?:plenty|diverge\w*|converge\w*|blog|overfit\w*)\b"
)
_CONDITION = _i(r"\b(?:if|should|would|could|might|maybe|suppose|imagine)\b")
#: "my boss says we should try it, so please ..."
_AND_SO = _i(r"\bso (?:please|pls|plz|this time|let'?s|now)\b")
#: What is only reported, or for another day.
REPORTED = _i(
    r"\W*(?:reminder|note to self|next time)\b"
    r"|[^:\n]{0,60}\b(?:blog|post|article|paper|tutorial|docs?|says?|said|wrote|titled?|headline)\b[^:\n]{0,40}:"
)
NEGATED = _i(
    r"(?:\b(?:don'?t|do not|dont|never|please don'?t|no need to|not going to|won'?t|can'?t|cannot|shouldn'?t"
    r"|stop|(?:forget|ignore|disregard|scrap)(?: \w+){0,4}) (?:\w+ ){0,2}?(?:fine-?tun(?:e|ing)|finetun(?:e|ing)"
    r"|train(?:ing)?|run|start|launch|use|change|push|touch|switch|set|make"
    r"|increase|raise|approve|cancel|kill|stop|worry|bother|forget)\b)"
)
_CLI = _i(
    r"(?:^|\n|&&\s?|[$#>]\s|:\s)(?:\$ ?|> ?|!)?(?:\w+=\S+ )*(?:trl\s(?:\x00|sft|dpo|grpo|kto|ppo|rloo|reward"
    r"|orpo)|trl-jobs\s|autotrain\s|(?:accelerate|torchrun|deepspeed)\b[^\n]{0,200}[\ue000-\uf8ff]|(?:python3?"
    r"|uv run|uv)\s[^\n]{0,80}[\ue000-\uf8ff]|hf jobs\s|axolotl\s|llamafactory-cli\s|tune run\s|unsloth\s"
    r"|tunesmith\s)|\b(?:SFT|DPO|GRPO)(?:Trainer|Config)\(|\bTrainingArguments\("
)


#: Politeness around an order: "I'd be grateful if you could ...", "if it's not too much trouble, ...".
_POLITE = _i(
    r"\b(?:i(?:'d| would) (?:be (?:so |very |really )?(?:grateful|happy|glad|thankful)|(?:really "
    r"|very much )?appreciate it|love it)"
    r"|it(?:'d| would) be (?:so |really |very )?(?:great|nice|good|lovely|awesome|helpful)"
    r"|i (?:was|am) (?:just )?wondering|i'm wondering|do you (?:think|reckon)|(?:is there )?any chance"
    r"|would it be possible)"
    r"(?: that| if| whether)? (?:you|u) (?:could|can|would|might)(?: be able to)?\b"
    r"|\b(?:if it(?:'s| is) not too much (?:trouble|work)|if you don'?t mind|if (?:at all )?possible"
    r"|if that'?s (?:ok|okay|possible)"
    r"|(?:if|when|once|whenever) you (?:have|get|find) (?:some |the |a (?:bit of |free )?)?(?:time|minute|moment"
    r"|chance))\b,?"
    r"|\b(?:the )?same (?:\w+ )?(?:as|like) (?:last (?:time|week|run)|before|yesterday)\b"
)


def without_politeness(text: str) -> str:
    """Cut what is said around an order to be polite, or to point at an earlier one."""
    return _POLITE.sub("please", text)


def is_order(text: str) -> bool:
    """Tell whether a message orders or wishes a run."""
    text = without_politeness(text)
    if _CLI.search(text):
        return True
    clean = _without_negated(text)
    if clean is None:
        return False
    if REPORTED.match(clean) and not _ORDER_FIRST.match(clean):
        return False
    if first := _ORDER.search(clean):
        before = clean[: first.start() + 1]
        depends = HYPOTHETICAL if "please" not in first[0].lower() else _CONDITION
        return not (depends.search(before) and first.start() > 0 and clean[first.start()] == ",")
    if _WISH.search(clean) and not _NOT_WISH.search(clean):
        return not _i(r"\b(?:should (?:i|we)|what if|if (?:we|i) (?:were|wanted))\b").search(clean)
    return (
        bool(_FOREIGN.search(clean))
        and not _NOT_FOREIGN.search(clean)
        and not PAST.search(clean)
        and not HYPOTHETICAL.search(_english(clean))
    )


def opens_with_order(text: str) -> bool:
    """Tell whether an order stands at the very beginning."""
    return _ORDER_FIRST.match(text) is not None or _CLI.match(text) is not None


def _english(text: str) -> str:
    return text if re.search(r"(?i)\b(?:the|should|would|maybe|think|if)\b", text) else ""


def _without_negated(text: str) -> str | None:
    """Cut negated orders out; None: the message is one."""
    match = NEGATED.search(text)
    if match is None:
        return text
    if match.start() < 12:
        return None
    return text[: match.start()]


def is_talk_about_names(text: str, *, clauses: bool) -> bool:
    """Tell talk in the sentences, or the clauses, that have names in them; what is said around them does not count."""
    if _AND_SO.search(text):
        return NEGATED.search(text) is not None
    parts = re.split(r"[.!?;,:]\s|\n" if clauses else r"(?<=[.!?;])\s|\n", text)
    named = [part for part in parts if re.search("[\ue000-\uf8ff]", part)]
    return is_talk("\n".join(named) if named else text)


def is_talk(text: str) -> bool:
    """Tell the past, the hypothetical, the opinion and the negated from an order."""
    return bool(PAST.search(text) or HYPOTHETICAL.search(text) or NEGATED.search(text))
