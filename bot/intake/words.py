"""Words that are no names: the common words of the languages that people write requests in.

Used where a bare word could be a name ("train on capybara") and must not be mistaken for one ("train on it").
"""

import re


def word_set(text: str) -> frozenset[str]:
    """Read a table of words that is written as text."""
    return frozenset(text.split())


_COMMON = word_set(
    """
    custom personal proprietary homemade labelled labeled annotated curated collected tokenized preprocessed
    cleaned filtered
    synthetic confidential comes come coming follows arrives lives sits exists contains includes holds goes stays
    needs looks lies
    brb afk omw np yw ack ofc rofl lmao gg kk tks yay bump meh nice whoa yikes oops argh ugh rip sigh
    a able about above actually after again against ago all almost alone along already also although always am an
    and another any anybody anyone anything anyway around as ask at auto available away back bad base based basic be
    because been before begin being below best better between big bigger bit both bot budget but by call called can
    cannot cheap cheaper cheapest check chat choose clean close code cold come command common company completely
    compute config cool correct cost could cpu current currently customer customers customised customized daily data
    dataset datasets date day days deal decent default defaults dev different do does doing domain done down due
    during each early easy either else email emails english enough entire epoch epochs error especially etc eval
    evaluation even every everything exact exactly example examples existing extra false fast faster feedback few
    file files fine finetune finetuned finetuning first fix follow following for format free french friday from full
    fun further future general german get give go going good great half hand happy hard hardware have having he
    heavy hello help her here hey hf hi high higher his hold home hour hours how however hub hugging huggingface
    human i idea ideally if image images important in info input instead instruction instructions internal
    internally into is it its itself jobs job just keep kind know language large larger last lat later latest
    learning least length less let like likely limit line little live llm llms local long longer look looks lot low
    lower lunch machine main make many math max maximum may maybe me mean medium meeting message messages metric
    metrics might min mind mine minimal minimum minute minutes model models monday month more morning most move much
    multiple must my name named need needs never new news next nice night no node none normal not note nothing now
    number of off often ok okay old on once one only open option options or order org other others our out output
    over overnight own page paper papers part past people per perfect performance person phone place plain plan
    please point possible prefer preference preferences pretty previous private prod production project prompt
    prompts proper public purpose push put quality question questions quick quickly quite random rate rather ready
    real really reason reasoning recent regular release repo repository request research rest result results reviews
    right row rows run running runs safe same sample samples save saturday saying scale schedule scratch script
    second see seed seems send sensible set settings several she short should side simple since single size skip
    slack slow slower small smaller smallest so solid some somebody someone something sometime somewhere soon
    spanish special specific speed split spot standard start state step steps still stop stuff such summarization
    summary sunday support sure system take talk target task tasks team test testing text than thank thanks that the
    their them then there these they thing things think this those though three through thursday ticket tickets time
    times tiny to today together token tokens tomorrow tone tonight too tool tools top total toward train trained
    trainer training translation tries true try tuesday tune two type under until up us usage use used user users
    using usual valid validation value values various version very via wait want was way we wednesday week weekend
    weeks well were what whatever when where whether which while who whole why wiki will wish with within without
    word words work working works would write wrong year yes yesterday yet you your yours yourself gpu gpus box
    cluster server device devices docs documents document conversations conversation transcripts logs behalf demand
    average purpose slightly style side fly friday lora qlora peft sft dpo grpo ppo adapter adapters method
    hyperparameters hyperparams parameters params weights checkpoint checkpoints cheap expensive sensible reasonable
    respectively either neither whichever cc fyi asap pls plz plus minus thx ty hmm hm umm lol haha wow yep yeah yup
    nope nah sorry btw imo imho tbh afaik iirc wip tbd tba eta idk dunno gonna wanna gotta kinda sorta sec moment
    checking thinking reading looking waiting interesting awesome amazing neat love hate agree agreed disagree both
    ones bunch der die das den dem des ein eine einen einem einer und oder mit auf für von zu im am ist sind nicht
    kein bitte danke modell datensatz daten training trainieren trainiere mal noch auch nur dann wenn aber mein
    meine meinen unser unsere unserem unseren es ich wir du le la les un une des du de et ou avec sur pour dans en
    est sont pas ne mon ma mes notre nos ce cette modèle données merci il elle je nous vous svp stp plaît el los las
    una unos y o con sobre para por es son mi mis nuestro nuestra nuestros modelo datos gracias favor os as um uma e
    ou com sobre para por em no na nos nas meu minha nosso nossa dados obrigado obrigada favor
    """
)
_ADJECTIVE = re.compile(
    r"(?i)^(?:fine|pre|post|well|high|low|open|long|short|multi|single|full|real|self|co|re|non|half|state|end"
    r"|top|up|best|first|last|small"
    r"|large|big|bf|fp|per|off|on|in|so|step|e|chain|few|zero|one|two|left|right|old|new|hand|human|machine"
    r"|instruction|domain|task)-"
    r"|-(?:based|tuned|tuning|tune|trained|quality|specific|following|turn|step|shot|size|sized|device|level"
    r"|style|like|run|runs|aware"
    r"|ready|only|scale|term|time|wide|parameter|rank|bit|gpu|node|stage|batch|card|epoch|epochs|hour|hours)$"
)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{1,95}", re.A)


def is_common(word: str) -> bool:
    """Tell whether a word is an ordinary one."""
    return word.lower().strip("'") in _COMMON or len(word) < 2


def is_namelike(word: str) -> bool:
    """Tell whether a word looks like a name by itself: a digit, a hyphen, an underscore or a capital inside."""
    if not _NAME.fullmatch(word) or is_common(word) or _ADJECTIVE.search(word):
        return False
    if word.isdigit() or re.fullmatch(
        r"[\d.,]+\w{0,2}|v?\d+(?:\.\d+)*|\d+[- ]\w+s?|\d{1,2}(?:am|pm|th|st|nd|rd)|[A-Z]{1,5}|\w+['-](?:s|ll|re|t)",
        word,
    ):
        return False
    return re.search(r"\d|_|-|[a-z][A-Z]|\w\.\w", word) is not None


def may_be_name(word: str) -> bool:
    """Tell whether a word can be a name where the sentence says that a name stands there."""
    if is_namelike(word):
        return True
    return (
        _NAME.fullmatch(word) is not None
        and word.isalpha()
        and len(word) > 2
        and not is_common(word)
        and not _ADJECTIVE.search(word)
    )
