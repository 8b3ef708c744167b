"""Texts as terms: words, stop words, a light stemmer for English, sentences.

Other languages pass through: their words are compared as they stand, and an ending that looks English is
taken off alike in the question and in the memory.
"""

import re
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+(?:[.,:]\d+)*(?:['’][^\W_]+)?")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|\n+")
_VOWEL: Final = re.compile(r"[aeiouy]")
_DOUBLED: Final = re.compile(r"([bdfgmnprt])\1$")

# `may` and `us` stay: one is a month, the other a country.
STOP_WORDS: Final = frozenset(
    [
        "a",
        "about",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "don",
        "down",
        "during",
        "each",
        "else",
        "ever",
        "few",
        "for",
        "from",
        "further",
        "get",
        "gets",
        "getting",
        "give",
        "given",
        "go",
        "goes",
        "going",
        "got",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "herself",
        "him",
        "himself",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "let",
        "like",
        "ll",
        "many",
        "me",
        "might",
        "more",
        "most",
        "much",
        "must",
        "my",
        "myself",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "ought",
        "our",
        "ours",
        "ourselves",
        "out",
        "over",
        "own",
        "per",
        "please",
        "quite",
        "rather",
        "re",
        "s",
        "same",
        "say",
        "says",
        "shall",
        "she",
        "should",
        "so",
        "some",
        "still",
        "such",
        "t",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "themselves",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "this",
        "those",
        "though",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "upon",
        "ve",
        "very",
        "want",
        "wants",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "would",
        "yes",
        "yet",
        "you",
        "your",
        "yours",
        "yourself",
    ]
)

# What no ending tells: the forms of the verbs, and few nouns, that people tell their day with.
_IRREGULAR: Final = dict(
    pair.split("=")
    for pair in [
        "ate=eat",
        "eaten=eat",
        "began=begin",
        "begun=begin",
        "bought=buy",
        "broke=break",
        "broken=break",
        "brought=bring",
        "built=build",
        "came=come",
        "caught=catch",
        "children=child",
        "chose=choose",
        "chosen=choose",
        "drank=drink",
        "drove=drive",
        "driven=drive",
        "drunk=drink",
        "fallen=fall",
        "fell=fall",
        "feet=foot",
        "felt=feel",
        "flew=fly",
        "forgot=forget",
        "forgotten=forget",
        "fought=fight",
        "found=find",
        "gave=give",
        "gone=go",
        "grew=grow",
        "grown=grow",
        "heard=hear",
        "held=hold",
        "kept=keep",
        "knew=know",
        "known=know",
        "knives=knife",
        "laid=lay",
        "led=lead",
        "left=leave",
        "lives=life",
        "lost=lose",
        "made=make",
        "men=man",
        "met=meet",
        "mice=mouse",
        "paid=pay",
        "ran=run",
        "ridden=ride",
        "rode=ride",
        "said=say",
        "sang=sing",
        "sat=sit",
        "saw=see",
        "seen=see",
        "sent=send",
        "sewn=sew",
        "shoes=shoe",
        "slept=sleep",
        "sold=sell",
        "spent=spend",
        "spoke=speak",
        "stood=stand",
        "sung=sing",
        "swam=swim",
        "swum=swim",
        "taken=take",
        "taught=teach",
        "teeth=tooth",
        "thought=think",
        "threw=throw",
        "thrown=throw",
        "told=tell",
        "took=take",
        "tore=tear",
        "torn=tear",
        "understood=understand",
        "went=go",
        "wives=wife",
        "woke=wake",
        "woken=wake",
        "women=woman",
        "won=win",
        "wore=wear",
        "worn=wear",
        "written=write",
        "wrote=write",
    ]
)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, numbers with their decimals, without possessive endings."""
    return [word.removesuffix("'s").removesuffix("’s") for word in _WORD.findall(text.casefold())]


def terms(text: str) -> list[str]:
    """Return the stems of the words that carry meaning, in their order and as often as they stand there."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def content_words(text: str) -> str:
    """Return a text without its stop words; empty when it has no others."""
    return " ".join(word for word in words(text) if word not in STOP_WORDS)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a text without any end of sentence is one."""
    return [part for part in (part.strip() for part in _SENTENCE_END.split(text)) if part]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """Return what `word` shares with its other forms: `squatting`, `squats` and `squatted` become `squat`.

    Source  Porter, 1980: steps 1a to 1c, and 5a; irregular forms from a list
    """
    if word in _IRREGULAR:
        return stem(_IRREGULAR[word])
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    word = _without_plural(word)
    word = _without_past(word)
    if word.endswith("ly") and len(word) > 5:
        word = word[:-2]
    if word.endswith("e") and len(word) > 3 and not word.endswith("ee"):
        word = word[:-1]
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    return word


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_past(word: str) -> str:
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWEL.search(rest) and not rest.endswith("e"):
            return _DOUBLED.sub(r"\1", rest)
    return word
