"""Short phrases of consent, refusal and command in seven languages, and whether a message is made of nothing else.

A phrase counts only when the whole message is made of phrases and fillers: one word more, and it means something else.
"""

import re


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for part in text.strip().split("\n") for line in part.split("|") if line.strip())


_CONSENT_VERBS = "approve|run|start|launch|ship|submit|train|begin|execute|kick off|go with|proceed with|confirm|accept"
_CONSENT_THINGS = "it|this|that|the plan|this plan|that plan|the run|this run|the job|the training|training|this one"
#: Unconditional consent.
APPROVALS = frozenset(
    f"{opener}{verb} {thing}"
    for opener in ("", "let's ", "lets ", "i ", "please ", "you can ", "you may ")
    for verb in _CONSENT_VERBS.split("|")
    for thing in _CONSENT_THINGS.split("|")
) | _lines("""
looks fine|looks fine to me|let's do this|let's do that|do this|affirmative|let's start|let's begin|let's approve|aye|
approve|approved|i approve|approving|approve it|approve this|approve the plan|approve this plan|approve that
approve run|approve the run
yes|yep|yeah|yup|yes please|yes go ahead|yessir|ya
go|go ahead|go for it|do it|let's do it|lets do it|just do it|please do|ship it|let's ship it|lets ship it
send it|lgtm|launch|launch it|run it|start it|start the run
start training|start the training|kick it off|fire it up|fire away|submit it|proceed|please proceed|make it so
let's go|lets go|good to go|you're good to go|go go go
looks good|looks good to me|looks great|looks great to me|this looks good|that looks good|plan looks good
the plan looks good|it looks good|looks right|all looks good|everything looks good
sounds good|sounds good to me|sounds great|confirm|confirmed|i confirm|green light|thumbs up|+1|start
approved from my side|approved by me|fine by me|fine with me|works for me|good by me|go with it|let it rip
run this|train it|begin|execute|accept|accepted|sgtm
ja|jawohl|ja bitte|genehmigt|freigegeben|freigabe|genehmige ich|ich genehmige|passt|passt so|los|los geht's
los gehts|leg los|mach das|mach es|starten|starte es|start frei|einverstanden|sieht gut aus|abgesegnet|bestätigt
oui|ouais|d'accord|vas-y|allez-y|vas y|approuvé|approuve|j'approuve|validé|je valide|c'est validé|valide
c'est bon|c'est parti|lance|lance-le|on y va|ça marche|ça me va|feu vert|oui vas-y|parfait vas-y
sí|si|aprobado|apruebo|lo apruebo|aprueba|adelante|dale|hazlo|de acuerdo|se ve bien|confirmado|lánzalo|ejecútalo
procede|vamos|claro que sí|sí adelante|luz verde
sim|aprovado|aprovo|aprovada|pode rodar|pode ir|pode executar|manda ver|manda bala|pode mandar|de acordo
vai em frente|pode seguir|pode começar|está aprovado|parece bom|confirmo
同意|批准|通过|我同意|我批准|可以开始|开始吧|开始|可以开始了|没问题开始吧|好的开始吧|开跑|跑吧|执行吧|执行|确认
上吧|就这样吧开始|同意执行|批准了|没问题，开始
承認|承認します|承認です|はい|はいお願いします|進めてください|進めて|実行して|実行してください|お願いします
okです|オーケーです|問題ありません進めてください|開始してください|始めてください|了承|了承です
それでお願いします|どうぞ
""")

#: May stand beside a phrase; alone they say nothing.
FILLERS = _lines("""
fantastic|wonderful|brilliant|sweet|lovely|neat|good stuff|very good|very nice|happy with this|i'm happy with this
no objections|no objection
ok|okay|okey|k|sure|great|perfect|nice|cool|awesome|excellent|good|fine|alright|all right|definitely|absolutely
of course|totally|certainly|thanks|thank you|thx|ty|cheers|many thanks|please|pls|plz|now|then|and|so
the plan|this plan|this|that|it|this one|from me|from my side|for me|on my side|bot|tunesmith|hey|hi|hello|team
folks|all|everyone|guys|mate|immediately|asap|right away|right now|already|just|!|well|oh|ah|yay|wow|love it
amazing|super
bitte|danke|danke dir|gut|prima|super|alles klar|jetzt|dann|mal|top|klasse|merci|s'il te plaît|s'il vous plaît
svp|stp|parfait|très bien|super|bien|alors|maintenant|por favor|gracias|perfecto|vale|bueno|muy bien|ahora|porfa
obrigado|obrigada|perfeito|ótimo|beleza|agora|então|tudo bem
好|好的|好吧|好啊|可以|行|嗯|请|谢谢|没问题|吧|了|。|辛苦了|ok|ありがとう|ありがとうございます|です|ください
では|それでは|問題ありません|大丈夫です|いいね|いいです|いいですよ
""")

_DECLINE_VERBS = (
    "cancel|reject|decline|scrap|drop|discard|withdraw|abandon|skip|forget|forget about|deny|refuse|kill|stop"
    "|abort|bin|call off"
)
_PLAN_WORDS = (
    "it|this|that|this one|that one|the plan|this plan|that plan|the request|this request|that request"
    "|my request|the run|this run|that run|the job|this job|the training|this training|everything"
)
#: The plan is declined.
REJECTIONS = frozenset(
    f"{verb} {thing}" for verb in _DECLINE_VERBS.split("|") for thing in _PLAN_WORDS.split("|")
) | _lines("""
i decline|i refuse|i deny|i veto|veto|i'm rejecting this|i am rejecting this|rejecting this|rejecting
no|nope|nah|no thanks|no thank you|reject|rejected|reject it|reject this|reject the plan|reject this plan
i reject|i reject this|decline|declined|decline it|deny|denied|not approved|disapprove
nvm|nevermind|never mind|forget it|forget about it|forget this|scrap it|scrap this|scrap that|drop it|drop this
kill it|bin it|abandon it|abandon this|abort|abort this|abort it|cancel|cancel it|cancel this|cancel that
cancel the plan|cancel this plan|cancel the request|cancel this request|cancel request|cancel my request|stop
stop it|withdraw|withdraw it|discard|discard it|discard this|not this one|not this
don't|dont|don't run it|dont run it|don't run this|dont run this|don't do it|dont do it|don't do this
do not run this|do not run it|do not do this|do not do it|don't start it|do not start it|don't start this
don't train it|don't train this|don't submit it|don't go ahead|please don't|let's not|lets not|let's not do this
let's not do it|let's not run this|let's skip this|let's skip it|skip it|skip this|no go|not now|hold off
let's hold off|hold off on this|let's hold off on this|let's wait|not today|not yet|no don't|no dont|no stop
no need|no need to run this|not needed anymore|we don't need this|we don't need it|we don't need this anymore
we don't need it anymore|we don't want this|i don't want this|i changed my mind|changed my mind|hard no|big no
nein|ablehnen|abgelehnt|lehne ich ab|ich lehne ab|nein danke|nicht starten|nicht ausführen|lass es|lass das
vergiss es|doch nicht|lieber nicht|verwerfen|abbrechen|brich ab|stopp|bitte nicht|kein start
non|non merci|refusé|refuse|je refuse|rejeté|rejette|pas d'accord|laisse tomber|laissez tomber|oublie|annule
annulez|ne lance pas|ne le lance pas|ne lancez pas|abandonne|pas maintenant
rechazado|rechazo|lo rechazo|rechazar|rechaza|no gracias|no lo hagas|no lo ejecutes|no lo lances|olvídalo
olvidalo|déjalo|dejalo|mejor no|cancela|cancélalo|cancelar|descártalo
não|nao|rejeitado|rejeito|rejeitar|recuso|não obrigado|não faça isso|não rode|não execute|não rode isso|esquece
esqueça|deixa pra lá|melhor não|cancele|descarta|descarte
拒绝|不同意|不行|不要|不批准|驳回|算了|不用了|不要跑|不要运行|别跑|别跑了|不跑了|不要执行|取消|取消吧|不通过
不可以|先不跑|放弃
却下|却下します|却下で|いいえ|やめて|やめてください|やめます|やめておきます|中止|中止して|キャンセル
キャンセルして|キャンセルしてください|実行しないで|実行しないでください|承認しません|拒否|不要です
必要ありません|なしで|見送り|見送ります
""")

#: A verb that stops a run, with what it may take along.
STOP_VERBS = "cancel|stop|kill|abort|terminate|halt|end|shut down|shut off|turn off|interrupt"
OBJECTS = (
    "it|this|that|this one|that one|the run|this run|that run|the job|this job|that job|the training"
    "|this training|training|my run|my job|my training"
    "|our run|our job|the current run|the current job|the current training|the training job|the training run"
    "|my training job|my training run|this training job|this training run|the fine-tune|the finetune"
    "|the fine-tuning|the fine tuning|run|job|the whole thing|everything|the fine-tuning job"
    "|my fine-tuning job|my latest run|my last run|the latest run|the process|it all|the experiment"
    "|the gpu job"
)
#: The same, verb and thing, in other languages; the last two write the thing first or without a gap.
_ABROAD = (
    (
        "stopp|stoppe|stoppt|beende|beenden|cancel|cancle|halte",
        "den job|den lauf|das training|es|das|das ganze|den trainingslauf|bitte den job",
        " ",
    ),
    (
        "annule|annuler|annulez|arrête|arrêter|arrêtez|arrete|stoppe|stopper|stoppez|coupe|interromps",
        "le job|l'entraînement|l'entrainement|le run|la tâche|ça|tout|le training|cet entraînement|ce job",
        " ",
    ),
    (
        "cancela|cancelar|cancele|detén|deten|detener|detenga|para|parar|aborta|abortar|interrumpe|mata",
        "el job|el trabajo|el entrenamiento|la tarea|esto|todo|la ejecución|este trabajo|este entrenamiento",
        " ",
    ),
    (
        "cancela|cancele|cancelar|pare|para|parar|interrompa|interrompe|interromper|aborte|aborta|mata",
        "o job|o treino|o treinamento|a tarefa|isso|tudo|a execução|esse treino|este treinamento",
        " ",
    ),
    (
        "取消|停止|终止|中止|停掉|结束|停下",
        "任务|训练|这个任务|这个训练|这次训练|运行|作业|当前任务|当前训练|job|这个job",
        "",
    ),
)
_JAPANESE_THINGS = "学習|訓練|トレーニング|ジョブ|実行|これ|それ|このジョブ|この学習|このトレーニング|run|job"
_JAPANESE_STOPS = "止めて|とめて|停止|停止して|中止|中止して|キャンセル|キャンセルして|終了して|やめて"
#: A running job is to be stopped.
CANCELLATIONS = (
    frozenset(f"{verb} {thing}".strip() for verb in STOP_VERBS.split("|") for thing in ["", *OBJECTS.split("|")])
    | frozenset(
        f"{verb}{gap}{thing}"
        for verbs, things, gap in _ABROAD
        for verb in verbs.split("|")
        for thing in things.split("|")
    )
    | frozenset(f"{thing}を{stop}" for thing in _JAPANESE_THINGS.split("|") for stop in _JAPANESE_STOPS.split("|"))
) | _lines("""
shut it down|kill it|pull the plug|pull the plug on it|pull the plug on this|pull the plug on this run
stop training|stop right there|make it stop|call it off|please stop|please cancel|pull it|take it down
i want to cancel|i'd like to cancel|i want to cancel it|i want to stop it|i want to cancel this run
i want to cancel the run|i want to stop the run|i'd like to cancel the run|i'd like to stop it|let's cancel
let's cancel it|let's cancel this|let's stop|let's stop it|let's stop this|let's stop here|let's kill it
let's kill this run|let's abort|let's stop the run|let's cancel the run|lets cancel it|lets stop it|lets kill it
stop here
abbrechen|brich ab|brich es ab|brich das ab|bitte abbrechen|job abbrechen|den job abbrechen|lauf abbrechen
training abbrechen|brich den job ab|brich den lauf ab|brich das training ab|stopp|stoppe es|stoppe das|stoppen
stopp das|stoppe den lauf|stoppe den job|stoppe das training|halt an|halte es an|beende es|beende das training
training stoppen|job stoppen
annule|annule-le|annule ça|annuler|annule le job|annule l'entraînement|annule le run|annule tout|annulez
annulez le job|arrête|arrête-le|arrête ça|arrête tout|arrête le job|arrête l'entraînement|arrête le run
arrête l'entrainement|arrêtez|arrêtez tout|arrêtez l'entraînement|arrêter|stoppe|stoppe le job
stoppe l'entraînement|stoppe tout|arrete|arrete tout|coupe tout|interromps l'entraînement
cancela|cancélalo|cancelalo|cancelar|cancela el trabajo|cancela el job|cancela el entrenamiento|cancela esto
detén|detenlo|detén el entrenamiento|detén el trabajo|deten el entrenamiento|detener|para|páralo|paralo
para el entrenamiento|para el job|para todo|aborta|abórtalo|aborta el entrenamiento|interrumpe el entrenamiento
mátalo
cancele|cancela isso|cancele isso|cancela o job|cancele o job|cancela o treino|cancele o treino
cancela o treinamento|cancele o treinamento|cancelar o treinamento|pare|pare isso|pare o treino
pare o treinamento|para o treino|para o treinamento|parar|parar o treino|interrompa|interrompa o treinamento
interrompe|aborte|aborta isso|mata o job
取消|取消任务|取消训练|取消它|取消这个|取消吧|取消这个任务|取消运行|停止|停止训练|停止任务|停止运行|停下|停下来
停|停掉|停了吧|停掉它|停掉训练|终止|终止任务|终止训练|中止|中止训练|别跑了|别训练了|不要跑了|结束任务|结束训练
杀掉|杀掉任务|停止这个任务
中止|中止して|中止してください|中止で|中止お願いします|停止|停止して|停止してください|止めて|止めてください
とめて|キャンセル|キャンセルして|キャンセルしてください|キャンセルお願いします|学習を止めて|学習を止めてください
学習を中止して|学習を中止してください|訓練を止めて|ジョブを止めて|ジョブを止めてください|ジョブをキャンセルして
ジョブをキャンセルしてください|実行を中止して|トレーニングを止めて|トレーニングを中止して|トレーニングを停止して
やめて|やめてください|終了して
""")
#: May open a command without changing it.
OPENERS = _lines("""
nope|nah
i want to|i'd like to|i would like to|we want to|i need to|we need to|let's|lets|i want you to|please|pls|plz
can you|could you|would you|can you please|could you please|would you please|will you|ok|okay|no|wait|hey|hi
hello|actually|oh no|oops|argh|ugh|damn|shit|yes|just|now|sorry|nvm|never mind|go ahead and|you can|bot
tunesmith|then|so|well|alright|and|oh|hmm|kindly
bitte|kannst du|könntest du|kannst du bitte|stopp|s'il te plaît|s'il vous plaît|svp|stp|peux-tu|pouvez-vous
tu peux|tu peux|por favor|puedes|podrías|pode|você pode|poderia|请|麻烦|请帮我|帮我|麻烦你|快|赶紧|先|すみません
お願い|至急|いったん|一旦|とりあえず
""")
#: May close a command without changing it.
CLOSERS = _lines("""
please|pls|plz|now|right now|asap|immediately|thanks|thank you|thx|for me|right away|for now|then|already
quickly|quick|instead|at once|ok|okay|i changed my mind|changed my mind|sorry|again|here
bitte|jetzt|sofort|danke|mal|maintenant|merci|s'il te plaît|s'il vous plaît|svp|stp|tout de suite|por favor
ahora|ya|gracias|inmediatamente|agora|obrigado|imediatamente|já|吧|谢谢|马上|立刻|现在|一下|了|お願いします
今すぐ|すぐに|ください
""")

#: A failed run is to be run again.
_AGAIN = (
    "give it",
    "give this",
    "have",
    "try",
    "take",
    "let's give it",
    "let's have",
    "let's try",
    "can we give it",
    "",
)
RETRIES = frozenset(
    f"{start} {which} {what}".strip()
    for start in _AGAIN
    for which in ("another", "one more", "a second")
    for what in ("go", "try", "shot", "attempt", "run", "chance", "spin", "round")
) | _lines("""
restart from scratch|start from scratch again|
retry|retry it|retry this|retry that|retry please|retry the run|retry the job|retry the training|retry now
try again|try it again|try that again|try this again|try once more|try one more time|please retry|rerun|re-run
rerun it|re-run it|rerun this|re-run this|rerun the job|re-run the job|rerun that|rerun the training
re-run the training|run it again|run this again|run that again|run again|run the job again|run it once more
run it one more time|restart|restart it|restart this|restart the run|restart the job|restart the training
relaunch|relaunch it|resubmit|resubmit it|do it again|start it again|start again|start over|once more
one more time|again|again please|another try|another go|another attempt|give it another try|give it another go
give it another shot|one more try|let's try again|lets try again|let's retry|let's rerun|let's run it again
let's try that again|launch it again|kick it off again|have another go|can we retry|can we try again
can you retry|can we rerun
nochmal|noch mal|noch einmal|nochmal versuchen|versuch es nochmal|versuche es nochmal|versuch's nochmal
nochmal bitte|erneut versuchen|versuche es erneut|neu starten|starte neu|starte es neu|wiederholen|wiederhole
nochmal starten|erneut starten|starte es nochmal
réessaie|réessaye|réessayer|réessayez|réessaie s'il te plaît|relance|relance-le|relance le job
relance l'entraînement|relancer|relancez|recommence|encore une fois|essaie encore|essaye encore|retente
on réessaie|reessaie
reintenta|reinténtalo|reintentalo|reintentar|inténtalo de nuevo|intentalo de nuevo|intenta de nuevo
inténtalo otra vez|prueba de nuevo|otra vez|de nuevo|vuelve a intentarlo|vuelve a lanzarlo|vuelve a ejecutarlo
relánzalo|relanzar|una vez más|reinícialo
tenta de novo|tente de novo|tente novamente|tenta novamente|tentar de novo|tentar novamente|de novo|outra vez
mais uma vez|roda de novo|rode de novo|rode novamente|reinicia|reinicie|repete|repita|refaça
重试|重试一下|请重试|再试一次|再试试|再试一下|再来一次|再跑一次|再跑一遍|重新跑|重新运行|重跑|重跑一次|重新训练
重新开始|重启|重新来|再训练一次|重新提交
もう一度|もう一度お願いします|もう一回|もう1回|もう一度試して|もう一度実行して|もう一度やって|もう一度実行
再試行|再試行して|再試行してください|再実行|再実行して|再実行してください|リトライ|リトライして
リトライしてください|やり直し|やり直して|やり直してください|再挑戦
""")

_EVERYTHING = REJECTIONS | FILLERS | OPENERS
_SEPARATORS = re.compile(r"[\s.,!;:()~*_\"'、-]*")


def declines(text: str) -> bool:
    """Tell whether a message does nothing but decline; "yes and no" does not."""
    return is_made_of(text, REJECTIONS, FILLERS, OPENERS) and not {"yes", "and"} & set(consume(text, _EVERYTHING) or ())


def is_made_of(text: str, phrases: frozenset[str], *others: frozenset[str]) -> bool:
    """Tell whether a message is one phrase or several, with fillers around them, and nothing else."""
    rest = consume(text, phrases.union(*others))
    if rest is None:
        return False
    return any(part in phrases for part in rest)


def consume(text: str, phrases: frozenset[str]) -> list[str] | None:
    """Split a short message into phrases, preferring long ones; None: something else is in it."""
    text = " ".join(text.lower().split())
    if len(text) > 120:
        return None
    #: The phrases from a place to the end; filled from the end, so each place is looked at once.
    ways: dict[int, list[str] | None] = {len(text): []}
    for at in range(len(text) - 1, -1, -1):
        gap = _SEPARATORS.match(text, at)
        ways[at] = ways.get(gap.end()) if gap and gap.end() > at else None
        if at and text[at - 1].isascii() and text[at - 1].isalnum() and text[at].isascii() and text[at].isalnum():
            continue  # in the middle of a word
        for length in range(min(48, len(text) - at), 0, -1):
            part, rest = text[at : at + length], ways[at + length]
            if rest is not None and part in phrases and _ends(text, at + length, part):
                ways[at] = [part, *rest]
                break
    return ways[0]


def _ends(text: str, at: int, part: str) -> bool:
    """Tell whether a phrase ends here: Chinese and Japanese leave no gap between words."""
    if at >= len(text) or not part[-1].isascii():
        return at >= len(text) or not (text[at].isalnum() and part[-1].isalpha() and ord(part[-1]) < 0x3000)
    return not (text[at].isalnum() or text[at] in "'_-/")
