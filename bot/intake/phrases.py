"""Short phrases of consent, refusal and command in seven languages, and whether a message is made of nothing else.

A phrase counts only when the whole message is made of phrases and fillers: one word more, and it means something else.
"""

import re


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for part in text.strip().split("\n") for line in part.split("|") if line.strip())


_CONSENT_VERBS = (
    "approve|run|start|launch|ship|submit|train|begin|execute|kick off|go with|go ahead with|proceed with|confirm"
    "|accept"
)
_CONSENT_THINGS = "it|this|that|the plan|this plan|that plan|the run|this run|the job|the training|training|this one"
_SEEN = "it|this|that|plan|the plan|this plan|all|everything|all of it|all of this"
_PRAISE = "good|great|fine|right|ok|okay|perfect|correct|reasonable|solid|excellent|sensible|alright"
#: Unconditional consent.
APPROVALS = (
    frozenset(
        f"{opener}{verb} {thing}"
        for opener in ("", "let's ", "lets ", "i ", "we ", "please ", "you can ", "you may ")
        for verb in _CONSENT_VERBS.split("|")
        for thing in _CONSENT_THINGS.split("|")
    )
    | frozenset(
        f"{seen} {look} {praise}{whom}".strip()
        for seen in ("", *_SEEN.split("|"))
        for look in ("look", "looks", "sounds", "seems")
        for praise in _PRAISE.split("|")
        for whom in ("", " to me", " to us", " from here")
    )
    | frozenset(
        f"{start}{what} {approved}"
        for start in ("", "consider ")
        for what in (
            "it",
            "this",
            "plan",
            "the plan",
            "this plan",
            "it is",
            "it's",
            "this is",
            "the plan is",
            "plan is",
        )
        for approved in ("approved", "accepted", "confirmed")
    )
) | _lines("""
let's do this|let's do that|do this|affirmative|let's start|let's begin|let's approve|aye|agreed|i agree|we agree
ok for me|ok by me|ok with me|okay for me|okay by me|okay with me|good for me|good with me|ok pour moi|bon pour moi
ok für mich|ok por mi parte|por mí ok|ok para mim|pode aprovar|approve|approved|i approve|we approve|approving
that's a yes|it's a yes|you have my blessing|ship|you have my approval|you have my ok|you have my go|yes|yep|yeah
yup|yessir|ya|go|go ahead|go for it|do it|let's do it|lets do it|please do|send it|lgtm|launch|kick it off
fire it up|fire away|proceed|make it so|let's go|lets go|good to go|you're good to go|confirm|confirmed|i confirm
green light|thumbs up|+1|start|approved by me|fine by me|fine with me|works for me|good by me|let it rip|begin
execute|accept|accepted|sgtm|ja|jawohl|genehmigt|freigegeben|freigabe|genehmige ich|ich genehmige|passt|los
los geht's|los gehts|leg los|mach das|mach es|starten|starte es|start frei|einverstanden|sieht gut aus|abgesegnet
bestätigt|oui|ouais|d'accord|vas-y|allez-y|vas y|approuvé|approuve|j'approuve|validé|je valide|c'est validé|valide
c'est bon|c'est parti|lance|lance-le|on y va|ça marche|ça me va|feu vert|sí|si|aprobado|apruebo|lo apruebo|aprueba
adelante|dale|hazlo|de acuerdo|se ve bien|confirmado|lánzalo|ejecútalo|procede|vamos|claro que sí|luz verde|sim
aprovado|aprovo|aprovada|pode rodar|pode ir|pode executar|manda ver|manda bala|pode mandar|de acordo|vai em frente
pode seguir|pode começar|está aprovado|parece bom|confirmo|同意|批准|通过|我同意|我批准|开始|开跑|跑吧|执行|确认
上吧|就这样吧开始|没问题，开始|承認|承認します|はい|進めて|実行して|お願いします|okです|オーケーです
開始してください|始めてください|了承|それでお願いします|どうぞ|sì|va bene|procedi|approvo|approvato|vai|avvia
d'accordo|confermo|da|да|давай|запускай|запускайте|одобряю|одобрено|согласен|согласна|поехали|подтверждаю|네|예|승인
승인합니다|시작해 주세요|시작해주세요|진행해 주세요|진행해주세요|동의합니다
""")

#: May stand beside a phrase; alone they say nothing.
FILLERS = frozenset(
    f"{who}{praise} with {what}"
    for who in ("", "i'm ", "i am ", "im ", "we're ", "we are ")
    for praise in ("fine", "ok", "okay", "good", "happy", "comfortable", "cool")
    for what in ("it", "this", "that", "the plan", "this plan", "the price", "the cost")
) | _lines("""
fantastic|wonderful|brilliant|sweet|lovely|neat|good stuff|very good|very nice|no objections|no objection
makes sense|that makes sense|makes total sense|that's fine|that's ok|that's good|all good|all fine|good plan
nice plan|great plan|fair enough|no questions|checked|reviewed|reviewed it|i checked it|i reviewed it|ok|okay|okey|k
sure|great|perfect|nice|cool|awesome|excellent|good|fine|alright|all right|definitely|absolutely|of course|totally
certainly|thanks|thank you|thx|ty|cheers|many thanks|please|pls|plz|now|then|and|so|the plan|this plan|this|that|it
this one|from me|from my side|for me|on my side|bot|tunesmith|hey|hi|hello|team|folks|thanks all|hi all|hey all
thank you all|everyone|guys|mate|immediately|asap|right away|right now|already|just|!|well|oh|ah|yay|wow|love it
amazing|super|bitte|danke|danke dir|gut|prima|alles klar|jetzt|dann|mal|top|klasse|merci|s'il te plaît
s'il vous plaît|svp|stp|parfait|très bien|bien|alors|maintenant|por favor|gracias|perfecto|vale|bueno|muy bien|ahora
porfa|obrigado|obrigada|perfeito|ótimo|beleza|agora|então|tudo bem|好|好的|好吧|好啊|可以|行|嗯|请|谢谢|没问题|吧|了
。|辛苦了|ありがとう|ありがとうございます|です|ください|では|それでは|問題ありません|大丈夫です|いいね|いいです
いいですよ|grazie|per favore|perfetto|bene|ottimo|пожалуйста|спасибо|хорошо|отлично|ок|좋아요|좋습니다|감사합니다
고마워요
""")

_DECLINE_VERBS = (
    "cancel|reject|decline|scrap|drop|discard|withdraw|abandon|skip|forget|forget about|deny|refuse|kill|stop|scratch"
    "|abort|bin|call off"
)
_NO_NEED = "i don't need|i don't want|we don't need|we don't want"
_PLAN_WORDS = (
    "it|this|that|this one|that one|the plan|this plan|that plan|the request|this request|that request"
    "|my request|the run|this run|that run|the job|this job|the training|this training|everything"
)
#: The plan is declined.
REJECTIONS = frozenset(
    f"{verb} {thing}{after}"
    for verbs, ends in ((_DECLINE_VERBS, ("",)), (_NO_NEED, ("", " anymore", " any more", " now", " after all")))
    for verb in verbs.split("|")
    for thing in _PLAN_WORDS.split("|")
    for after in ends
) | _lines("""
not worth it|not worth the money|not worth the price|pass|i pass|i'll pass|hard pass|i decline|i refuse|i deny
i veto|veto|i'm rejecting this|i am rejecting this|rejecting|no|nope|nah|reject|rejected|i reject|decline|declined
deny|denied|not approved|disapprove|nvm|nevermind|never mind|abort|cancel|cancel request|stop|withdraw|discard
not this one|not this|don't|dont|don't run it|dont run it|don't run this|dont run this|don't do it|dont do it
don't do this|do not run this|do not run it|do not do this|do not do it|don't start it|do not start it
don't start this|don't train it|don't train this|don't submit it|don't go ahead|let's not|lets not|let's not do this
let's not do it|let's not run this|no go|not now|hold off|hold off on this|let's wait|not today|not yet|better not
rather not|i'd rather not|leave this one|leave that one|no need|no need to run this|not needed anymore
i changed my mind|changed my mind|hard no|big no|nein|ablehnen|abgelehnt|lehne ich ab|ich lehne ab|nicht starten
nicht ausführen|lass es|lass das|vergiss es|doch nicht|lieber nicht|verwerfen|abbrechen|brich ab|stopp|bitte nicht
kein start|non|refusé|refuse|je refuse|rejeté|rejette|pas d'accord|laisse tomber|on annule|on arrête
on laisse tomber|laissez tomber|oublie|annule|annulez|ne lance pas|ne le lance pas|ne lancez pas|abandonne
pas maintenant|rechazado|rechazo|lo rechazo|rechazar|rechaza|no lo hagas|no lo ejecutes|no lo lances|olvídalo
olvidalo|déjalo|dejalo|mejor no|cancela|cancélalo|cancelar|descártalo|não|nao|rejeitado|rejeito|rejeitar|recuso
não faça isso|não rode|não execute|não rode isso|esquece|esqueça|deixa pra lá|melhor não|cancele|descarta|descarte
拒绝|不同意|不行|不要|不批准|驳回|算了|不用了|不要跑|不要运行|别跑|不跑了|不要执行|取消|不通过|不可以|先不跑|放弃
却下|却下します|却下で|いいえ|やめて|やめます|やめておきます|中止|中止して|キャンセル|キャンセルして|実行しないで
承認しません|拒否|必要ありません|なしで|見送り|見送ります|rifiuto|rifiutato|annulla|lascia stare|lascia perdere|нет
отклонить|отклоняю|отмена|отмени|не надо|не нужно|아니요|아니오|거절|거절합니다|취소|취소해 주세요|취소해주세요
하지 마세요
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
shut it down|pull the plug|pull the plug on it|pull the plug on this|pull the plug on this run|stop right there
make it stop|call it off|pull it|take it down|abbrechen|brich ab|brich es ab|brich das ab|job abbrechen
den job abbrechen|lauf abbrechen|training abbrechen|brich den job ab|brich den lauf ab|brich das training ab|stopp
stoppen|halt an|halte es an|training stoppen|job stoppen|annule|annule-le|annuler|annulez|arrête|arrête-le|arrêtez
arrêter|stoppe|arrete|cancela|cancélalo|cancelalo|cancelar|detén|detenlo|detener|para|páralo|paralo|aborta|abórtalo
mátalo|cancele|pare|parar|interrompa|interrompe|aborte|取消|取消它|取消这个|停止|停下|停下来|停|停掉|停掉它|终止
中止|别跑了|别训练了|不要跑了|杀掉|杀掉任务|中止して|中止で|停止して|止めて|とめて|キャンセル|キャンセルして|やめて
終了して|annulla|annulla il job|ferma|fermalo|ferma il job|ferma l'addestramento|interrompi
interrompi l'addestramento|отмени|отменить|останови|останови обучение|остановить|стоп|прерви|취소|취소해 주세요
취소해주세요|중지|중지해 주세요|중단|중단해 주세요|멈춰|멈춰 주세요
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
restart from scratch|start from scratch again|retry|retry the run|retry the job|retry the training|try again
try it again|try that again|try this again|try once more|try one more time|rerun|re-run|rerun the job|re-run the job
rerun the training|re-run the training|run it again|run this again|run that again|run again|run the job again
run it once more|run it one more time|restart|restart the run|restart the job|restart the training|relaunch|resubmit
do it again|start it again|start again|start over|once more|one more time|again|launch it again|kick it off again
can we retry|can we try again|can we rerun|nochmal|noch mal|noch einmal|nochmal versuchen|versuch es nochmal
versuche es nochmal|versuch's nochmal|erneut versuchen|versuche es erneut|neu starten|starte neu|starte es neu
wiederholen|wiederhole|nochmal starten|erneut starten|starte es nochmal|réessaie|réessaye|réessayer|réessayez
relance|relance-le|relance le job|relance l'entraînement|relancer|relancez|recommence|encore une fois|essaie encore
essaye encore|retente|on réessaie|reessaie|reintenta|reinténtalo|reintentalo|reintentar|inténtalo de nuevo
intentalo de nuevo|intenta de nuevo|inténtalo otra vez|prueba de nuevo|otra vez|de nuevo|vuelve a intentarlo
vuelve a lanzarlo|vuelve a ejecutarlo|relánzalo|relanzar|una vez más|reinícialo|tenta de novo|tente de novo
tente novamente|tenta novamente|tentar de novo|tentar novamente|de novo|outra vez|mais uma vez|roda de novo
rode de novo|rode novamente|reinicia|reinicie|repete|repita|refaça|重试|再试一次|再试试|再试一下|再来一次|再跑一次
再跑一遍|重新跑|重新运行|重跑|重跑一次|重新训练|重新开始|重启|重新来|再训练一次|重新提交|もう一度|もう一回|もう1回
もう一度試して|もう一度実行して|もう一度やって|もう一度実行|再試行|再試行して|再実行|再実行して|リトライ
リトライして|やり直し|やり直して|再挑戦
""")

#: Clauses around consent that change nothing of it.
_HARMLESS = re.compile(
    r"(?i)(?:^|(?<=[.,;!\n-]))\s*(?:(?:and |so |there'?s |i have |we have |i've )*(?:no|nothing)(?: more"
    r"| further)? (?:changes?"
    r"|to (?:change|add|fix|complain about)|concerns?|issues?|problems?|comments?|objections?|notes?|questions?"
    r"|edits?|else)"
    r"(?: needed| required)?(?: here| from (?:me|us|my side|our side))?"
    r"|(?:i|we) (?:don'?t|do not|can'?t|cannot) (?:see|have|find) (?:a|any|anything) ?(?:problems?|issues?"
    r"|blockers?|objections?"
    r"|concerns?|wrong|reason not to)?(?: (?:here|with (?:it|this|that)))?"
    r"|why not|(?:don'?t|do not|no need to) wait (?:for|on) (?:me|us|anybody|anyone)"
    r"|(?:thanks|thank you|thx|cheers) for [^.;!?\n]{1,80}"
    r"|(?:i|we)(?: have|'ve)? (?:just |also )?(?:checked|reviewed|read|seen|looked at|went over|gone over"
    r"|went through|gone through)"
    r" (?:it|this|the (?:plan|numbers|price|script)|everything)(?: (?:twice|again))?)\s*(?=$|[.,;!\n-])"
)
_EVERYTHING = REJECTIONS | FILLERS | OPENERS
_SEPARATORS = re.compile(r"[\s.,!;:()~*_\"'、-]*")


_GREETING = re.compile(
    r"(?i)\b(?:hi+|hello+|hey+|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|moin|servus|bonjour"
    r"|salut|hola|ol[áa]|ciao)\b|你好|こんにちは"
)


def is_greeting(text: str) -> bool:
    """Tell "hello there!" from anything that wants something."""
    rest = _GREETING.sub(" ", text)
    bare = re.fullmatch(r"(?i)\W*(?:there|buddy|friend)?\W*", rest) is not None
    return rest != text and (bare or is_made_of(rest, FILLERS))


def approves(text: str) -> bool:
    """Tell whether a message does nothing but consent."""
    return is_made_of(_HARMLESS.sub(" ", text), APPROVALS, FILLERS)


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
