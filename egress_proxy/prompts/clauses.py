"""Where in a sentence a verb stands: whether it asks, is denied, and who gets what it is about."""

from __future__ import annotations

from egress_proxy.prompts import vocabulary
from egress_proxy.prompts.nouns import EXAMPLE, Phrase, is_file, read_phrase
from egress_proxy.prompts.words import ENDS, LONGEST, Words


class Clauses:
    """One sentence. `fetched`: the one before has taken a value up, so `it` may be that."""

    def __init__(self, words: Words, *, tokens: bool, fetched: bool) -> None:
        self._words = words
        self._tokens = tokens
        self._fetched = fetched
        self._phrases: dict[int, Phrase | None] = {}  # several rules ask for the same one
        self._taken = -1  # where a value is first taken up, once that is known; `LONGEST` for nowhere

    def _phrase(self, index: int) -> Phrase | None:
        if index not in self._phrases:
            self._phrases[index] = read_phrase(self._words, index, tokens=self._tokens)
        return self._phrases[index]

    def fetches(self, before: int) -> bool:
        """Whether a value, or a file of them, is taken up before a word."""
        if self._taken < 0:
            self._taken = next(filter(self._takes, range(len(self._words))), LONGEST)
        return self._taken < before

    def _takes(self, index: int) -> bool:
        if self._words.low[index] not in vocabulary.FETCHERS:
            return False
        start = index + 1
        while self._words.at(start) in vocabulary.FETCHED:
            start += 1
        phrase = self._phrase(start)
        return phrase is not None and phrase.definite

    def _object(self, index: int) -> int:
        """Skip who gets it."""
        while self._words.at(index) in vocabulary.BETWEEN:
            index += 1
        return index

    def _told(self, index: int) -> bool:
        """Whether who gets it stands right behind a verb, or the reply does: send me, reply with."""
        words = self._words
        return words.at(index + 1) in vocabulary.RECEIVERS or (
            words.low[index] in {"reply", "respond", "answer"} and words.at(index + 1) == "with"
        )

    def _result(self, index: int) -> bool:
        """Whether what a verb is about is what came out, and not some other thing."""
        words = self._words
        start = index + 1
        while words.at(start) in vocabulary.BETWEEN | vocabulary.DETERMINERS | vocabulary.MADE:
            start += 1
        if words.at(start) in vocabulary.RESULTS:
            return True
        if words.low[index] == "report" and start == index + 2 and words.at(index + 1) == "back":
            return False
        return words.at(start) in ENDS | vocabulary.FINAL | {"", ",", "to"}

    def _imperative(self, index: int) -> bool:
        return self._opens(index) and not self._denied(index)

    def _opens(self, index: int) -> bool:
        """Whether a clause begins here, or what is wanted of the reader."""
        words = self._words
        before, two = words.at(index - 1), words.at(index - 2)
        if before == "`":  # a command in a text may be what it speaks of
            return index == 1 or two in vocabulary.OPENERS - {","}
        if index == 0 or before in vocabulary.OPENERS:
            return before != "or" or two not in {"whether", "either"}
        if before == "you":
            return two in vocabulary.MODALS
        if before == "to":
            return two in {"you", "it", "agent", "is", "ahead", "want", "need"} and (
                two not in {"you", "it", "agent"} or words.at(index - 3) in vocabulary.WISHES
            )
        return before in {"should", "must", "will"} and two == "you"

    def _denied(self, index: int) -> bool:
        """Whether a word before it denies it, or makes it a matter of how, why or when."""
        for word in reversed(self._words.low[max(0, index - vocabulary.REACH) : index]):
            if word in vocabulary.RESTART:
                return False
            if word in vocabulary.NEGATIONS:
                return True
        return False

    def _ends(self, phrase: Phrase, *, strict: bool) -> bool:
        """Whether the phrase is the whole object. `strict`: it is the noun of something that a program may show too."""
        words, end = self._words, phrase.end
        if words.at(end) in vocabulary.BACK and words.at(end + 1) in {"to", "in", "into"}:
            end += 1
        after, then = words.at(end), words.at(end + 1)
        if not phrase.definite:
            return False
        if after in {"in", "from", "inside", "of", "at"} and any(EXAMPLE.fullmatch(word) for word in words.low[end:]):
            return False
        if not strict:
            return after not in {"when", "while", "if", "unless", "until"}
        if after in {"in", "from", "inside"}:
            return self._is_place(end + 1)
        if after == "to":
            return then in vocabulary.RECEIVERS | {"stdout", "console", "standard"}
        return after not in vocabulary.NARROW | {"to", "into", "onto", "is", "are", "does", "has", "was"}

    def _is_place(self, index: int) -> bool:
        words = self._words
        while words.at(index) in {"the", "your", "our", "my", "this", "its", "plain", "clear"}:
            index += 1
        if words.at(index) in vocabulary.ANSWERS and words.at(index - 1) != "your":
            return False
        return words.at(index) in vocabulary.PLACES | vocabulary.REPLY | {
            "text",
            "plaintext",
            "base64",
            "hex",
        } or is_file(words, index)

    def _received(self, index: int, verb: str) -> bool:
        """Whether it is to come here, by what the same clause says."""
        words = self._words
        for at in range(index, min(len(words), index + vocabulary.LATER)):
            word = words.low[at]
            if word in {"and", "then"} or (word in {",", ";"} and at > index):
                return False
            if word == "back" and (verb in {"write", "put", "copy"} or self._goes_elsewhere(at + 1)):
                continue
            if word in vocabulary.HERE or (word in vocabulary.RECEIVERS and words.at(at - 1) == "to"):
                return True
            if (
                word in vocabulary.REPLY
                and words.at(at - 1) in ({"your"} if word in vocabulary.ANSWERS else {"your", "the", "this"})
                and (words.at(at - 2) in {"in", "into", "to", "with", "of"})
            ):
                return True
        return False

    def _goes_elsewhere(self, index: int) -> bool:
        """Back to the client, back in the cookie."""
        words = self._words
        if words.at(index) not in {"to", "in", "into", "onto", "on", "through", "with"}:
            return False
        return words.at(index + 1) not in vocabulary.RECEIVERS | vocabulary.PLAINLY

    def _unpiped(self, index: int) -> bool:
        """Whether the output comes to light: `cut`, `wc` and their like keep the values back."""
        words = self._words
        while words.at(index) and words.at(index) not in {"|", "`", "\n", "and", "."}:
            if words.at(index) not in {"file", ",", ">", "please"} | ENDS | vocabulary.FINAL:
                return words.at(index) in {"to", "in", "for", "so", "then"} | vocabulary.PLACES
            index += 1
        return words.at(index) != "|" or words.at(index + 1) not in {"cut", "wc", "sed", "awk", "sha256sum", "docker"}
