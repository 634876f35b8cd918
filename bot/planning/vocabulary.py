"""Names that published datasets give to their columns, by what they hold; words are joined by `_`.

Source: LLaMA-Factory data/dataset_info.json, ms-swift swift/dataset/preprocessor, TRL's documentation, and the cards of
the sets themselves. In tuples the most telling name comes first.
"""

# fmt: off
QUESTIONS = (
    "instruction", "instructions", "prompt", "question", "problem", "query", "user", "human", "user_input",
    "instruct_prompt", "message_1", "problem_statement", "request", "task", "goal", "user_prompt", "inputs",
    "input", "post", "message", "puzzle", "riddle", "exercise", "challenge", "inquiry", "history", "stem", "ctx",
    "sentence", "text", "source", "dialogue", "article", "document", "passage", "context", "docstring",
    "documentation", "report", "description", "act", "body", "story", "content", "src", "customer",
    "client", "patient", "caller", "student", "ticket", "issue", "complaint", "email", "mail", "utterance", "spec",
    "specification", "requirement", "requirements", "notes", "meaning_representation", "scenario", "situation",
    "concepts", "keywords", "triples", "triple", "q", "intent", "transcript", "documents", "articles", "dialog",
    "conversation", "transcription", "meeting_transcript", "nl", "claim", "plot", "narrative", "questions", "prompts",
    "queries", "problems", "sent_1", "mr", "diff", "code", "title",
)
#: What is asked about rather than asked: it only serves as a question beside a matching answer.
MATERIAL = frozenset({
    "act", "article", "body", "caller", "client", "complaint", "concepts", "content", "context", "customer",
    "description", "dialogue", "docstring", "document", "documentation", "email", "intent", "issue", "keywords",
    "mail", "message", "notes", "passage", "patient", "post", "report", "scenario", "sentence", "situation",
    "source", "src", "story", "student", "text", "ticket", "title", "transcript", "triples", "utterance", "triple",
    "documents", "articles", "dialog", "conversation", "transcription", "claim", "plot", "narrative", "diff", "code",
})
#: Data that a text is to be made of, and what the text is then called.
DATA = frozenset({
    "triples", "triple", "concepts", "keywords", "meaning_representation", "representation", "mr", "diff",
})
VERBALIZED = (
    "sentence", "sentences", "text", "lex", "verbalization", "ref", "references", "description", "message",
    "commit_message", "msg",
)
#: Who asks, and who answers.
ASKERS = frozenset({"caller", "client", "customer", "human", "patient", "seeker", "student", "user"})
ANSWERERS = frozenset({
    "agent", "assistant", "bot", "counselor", "doctor", "expert", "gpt", "operator", "teacher", "therapist", "tutor",
})
#: Names that hold a single word as often as a question.
OFTEN_WORDS = frozenset({
    "act", "caller", "client", "context", "customer", "description", "goal", "history", "intent", "issue",
    "message", "patient", "source", "student", "task", "ticket", "title", "topic", "user",
})
ANSWERS = (
    "completion", "response", "output", "outputs", "generated_solution", "generation", "assistant", "solution",
    "answer", "target", "targets", "reply", "summary", "highlights", "abstract", "tldr", "sql", "code",
    "canonical_solution", "final", "bot", "gpt", "best_answer", "correct_answer", "answers", "solutions",
    "message_2", "generations", "completions", "responses", "rationale", "explanation", "exp", "chain_of_thought",
    "cot", "reasoning", "long_answer", "ideal", "gold", "reference", "patch", "translation", "tgt", "simplified",
    "paraphrase", "label_text", "headline", "correction", "corrected", "utterance", "continuation", "chosen",
    "accepted", "call", "calls", "spans", "demonstration", "resolution", "fix", "implementation", "snippet",
    "corrections", "cypher", "command", "suggestion", "recommendation", "advice", "diagnosis", "essay", "poem",
    "agent", "operator", "doctor", "therapist", "tutor", "teacher", "expert", "minutes", "subject_line", "summaries",
    "explanations", "rationales", "translations", "paraphrases", "attempt", "chain", "a",
)
#: Words of names of what leads to an answer: it belongs in front of it.
TRACES = frozenset({
    "analysis", "chain", "cot", "rationale", "reasoning", "thinking", "thought", "thoughts", "trace", "trajectories",
    "trajectory",
})
#: Words of names of what models wrote.
MODEL_WORDS = frozenset({
    "assistant", "attempt", "claude", "deepseek", "distill", "gemini", "generated", "generation", "generations", "gpt",
    "llama", "model", "qwen", "response",
})
#: Which answer goes with which question, where there are several.
PARTNERS = {
    "query": "response", "prompt": "completion", "instruction": "output", "problem": "solution", "input": "output",
    "source": "target",
}
#: What a right answer can be compared with.
REFERENCES = (
    "answer", "final_answer", "expected_answer", "ground_truth", "gold_answer", "reference_answer", "solution",
    "answer_key", "correct_answer", "correct_option", "correct_choice", "correct", "cop", "answer_idx",
    "answer_index", "correct_answer_idx", "gold", "golden_answers", "reference", "target", "label",
    "expected_output", "answers", "value", "aliases", "exact_answer", "short_answer", "gt", "gt_answer",
    "best_answer", "output", "final", "spans", "response", "completion", "result", "output_answer",
    "final_decision", "numeric_result", "correct_letter", "correct_index", "correct_idx", "gold_index", "gold_idx",
    "answer_number", "answer_value", "numeric_answer",
)
#: What checks an answer without being one: tests, instructions that can be verified, calls.
CHECKERS = (
    "test_list", "tests", "test", "test_cases", "unit_tests", "test_case", "verification_info", "input_output",
    "private_test_cases", "public_test_cases", "asserts", "test_code", "ground_truth", "constraint", "constraints",
    "verifier",
    "regex", "pattern", "rubric", "rubrics", "criteria", "validator", "instruction_id_list", "checker",
    "reward_model", "kwargs", "evaluation", "grader", "checklist",
)
SYSTEMS = (
    "system", "system_prompt", "system_message", "system_instruction", "sys", "developer",
)
#: What a question is about.
CONTEXTS = (
    "input", "context", "contexts", "passage", "paragraph", "article", "document", "story", "background",
    "support", "sql_context", "schema", "knowledge", "evidence", "facts", "table", "hypothesis", "premise",
    "source_text", "passage_text", "body", "plot", "narrative", "scene", "para", "paragraph_text",
    "passages", "paragraphs", "articles", "documents", "supports", "evidences", "text",
)
#: The options of a multiple choice in one column, and what its columns begin with when there is one for each.
OPTIONS = (
    "options", "choices", "endings", "answer_choices", "option_list", "choice_list", "candidate_answers",
    "alternatives",
)
OPTION_STEMS = frozenset({
    "ans", "answer", "choice", "ending", "op", "opt", "option", "sol",
})
#: Last words of names that tell something about a row.
METADATA = frozenset({
    "author", "category", "concept", "count", "date", "difficulty", "domain", "embedding", "end", "format",
    "hash", "id", "ids", "idx", "index", "lang", "language", "length", "level", "license", "link", "list", "meta",
    "metadata", "model", "name", "rank", "rating", "score", "split", "start", "status", "subject", "tag", "tags",
    "time", "timestamp", "tokens", "toks", "topic", "type", "types", "uid", "url", "uuid", "value", "version",
})
#: Words of names of what a program made of a text, beside that text.
DERIVED = frozenset({
    "lemmas", "lemmatized", "parse", "parsed", "parses", "stemmed", "tagged", "tokenized",
})
#: Words of names that are not what their last word says.
OTHERS = DERIVED | frozenset({
    "bad", "incorrect", "negative", "num", "orig", "original", "raw", "rejected", "seed", "starter", "starting",
    "system", "unformatted", "wrong",
})
#: Words at the end of a name that say nothing.
FILLERS = frozenset({
    "column", "content", "field", "only", "str", "string", "text",
})
#: Names of texts that belong together without one answering the other.
EMBEDDED = frozenset({
    "anchor", "doc", "hypothesis", "neg", "negative", "pos", "positive", "premise", "sent", "sentence", "text",
})
#: ISO 639-1 codes and English names of the languages that parallel texts are often in.
LANGUAGES = frozenset({
    "ar", "arabic", "bg", "bn", "ca", "chinese", "cs", "czech", "da", "de", "dutch", "el", "en", "english", "es",
    "et", "fa", "fi", "fr", "french", "german", "he", "hi", "hindi", "hr", "hu", "id", "indonesian", "it",
    "italian", "ja", "japanese", "ko", "korean", "lt", "lv", "nl", "pl", "polish", "portuguese", "pt", "ro", "ru",
    "russian", "sk", "sl", "spanish", "sv", "sw", "swedish", "th", "tr", "turkish", "uk", "ukrainian", "vi",
    "vietnamese", "zh",
})
#: Programming languages that columns with translated code are named by.
CODES = frozenset({
    "c", "cpp", "cs", "csharp", "fortran", "go", "java", "javascript", "js", "kotlin", "perl", "php", "python", "ruby",
    "rust", "scala", "solidity", "swift", "typescript",
})
#: Column names in other languages, as far as they name what is named above.
ENGLISH = {
    **dict.fromkeys(("frage", "pregunta", "domanda", "pergunta", "vraag", "问题"), "question"),
    **dict.fromkeys(("問題", "質問", "질문", "вопрос"), "question"),
    **dict.fromkeys(("antwort", "respuesta", "réponse", "reponse", "risposta", "resposta"), "answer"),
    **dict.fromkeys(("antwoord", "回答", "答案", "答え", "답변", "ответ"), "answer"),
    **dict.fromkeys(("anweisung", "consigne", "instrucción", "instruccion", "istruzione", "instrução"), "instruction"),
    **dict.fromkeys(("instrucao", "指令", "指示", "지시", "инструкция"), "instruction"),
    **dict.fromkeys(("eingabe", "entrada", "entrée", "ingresso", "输入", "入力"), "input"),
    **dict.fromkeys(("입력", "ввод"), "input"),
    **dict.fromkeys(("ausgabe", "salida", "sortie", "saída", "saida", "uscita"), "output"),
    **dict.fromkeys(("输出", "出力", "출력", "вывод"), "output"),
    **dict.fromkeys(("texte", "texto", "testo", "文本", "текст"), "text"),
    **dict.fromkeys(("zusammenfassung", "resumen", "résumé", "riassunto", "resumo", "摘要"), "summary"),
    **dict.fromkeys(("要約", "요약"), "summary"),
    "ans": "answer", "ques": "question", "instr": "instruction", "resp": "response", "desc": "description",
}
# fmt: on
