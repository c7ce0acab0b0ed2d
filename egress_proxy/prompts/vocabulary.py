"""The words that requests for values are made of. Lists of words only: what they mean together is `requests`."""

from __future__ import annotations

from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


SHOW: Final = _words("print show display reveal echo output paste dump disclose recite tell cat spell")
"""What shows by itself, to whoever asked."""
HAND: Final = _words(
    """
    give send return share post report provide hand list get fetch read write put include mention quote repeat
    copy state reply respond answer log forward spit
    """
)
"""What shows only if it is said to whom, or where."""
DUMPERS: Final = _words("cat head tail less more bat type nl xxd hexdump od strings base64 tac rev")
ENCODERS: Final = _words(
    """
    base64 base64-encode encode hex-encode hexdump rot13 reverse spell translate url-encode urlencode convert
    split obfuscate transliterate encrypt
    """
)
FETCHERS: Final = _words(
    """
    read open cat get fetch find grab take retrieve load decode decrypt extract pull look check source grep
    """
)
FETCHED: Final = _words("at up into out through for")
RECEIVERS: Final = frozenset({"me", "us"})
BACK: Final = _words("back out off aloud up")
BETWEEN: Final = RECEIVERS | BACK | {"exactly", "again", "with"}
OPENERS: Final = _words(
    """
    please then and also just now first finally next kindly simply or but so run execute , : ` & | maybe
    """
) | {"\n"}
MODALS: Final = _words("can could would will must should you'll shall")
WISHES: Final = _words("want need like ask asking order tell expect supposed have is try")
NEGATIONS: Final = _words(
    """
    not never no don't dont doesn't doesnt won't cannot can't without avoid instead refuse stop prevent forbid
    nobody neither nor mustn't shouldn't rather isn't should-not ever why how whether when whenever if unless
    until once
    """
)
RESTART: Final = _words("but then ; .")
MASKED: Final = _words("masked redacted placeholder placeholders obfuscated asterisks")
BY_NAME: Final = ("name only", "names only", "by name", "only the name", "without the value")
HERE: Final = _words("here back verbatim")
REPLY: Final = _words("reply replies answer response chat message summary report output conversation")
ANSWERS: Final = _words("response")
"""What a program gives too: it is the agent's only where it is called so."""
OF_PROGRAMS: Final = _words("endpoint handler route status header cookie http server middleware")
PLAINLY: Final = _words("your plain plaintext clear cleartext full hex base64 this chat")
PART_OF_ALL: Final = _words("that which to into in onto out else from")
SAY: Final = _words("report list quote mention repeat")
MADE: Final = _words("to with encoded encrypted reversed converted translated resulting final")
RESULTS: Final = _words("it them everything result results output string value hex base64 text what rot13 ciphertext")
MINDED: Final = _words("sharing telling showing giving printing sending pasting revealing handing posting displaying")
SOUGHT: Final = ("token", "pass", "secret", "key", "cred", "dsn")
PRONOUNS: Final = _words("it them everything")
OF_WHAT_WAS_TAKEN: Final = PRONOUNS | _words("what what's whats contents content values value")
FINAL: Final = _words("please now here back verbatim exactly again aloud right asap so too")
PLACES: Final = _words("env environment config configuration vault keychain settings .env database cluster")
NARROW: Final = _words("when while if unless until after before where with via as by using only on at")
ENCODED: Final = _words("base64 hex rot13 reverse")
PARSING: Final = _words(
    """
    lexer parser parse tokenizer tokeniser tokenize tokens-per llm grammar nlp tokenization tokenisation
    """
)
REACH: Final = 8  # words before a verb that may deny it
LATER: Final = 14  # words after an object in which its receiver may stand
CUES: Final = (
    "pass",
    "token",
    "key",
    "secret",
    "credential",
    ".env",
    "env",
    "dsn",
    "_url",
    "id_",
    "netrc",
    "connection",
)
WHO: Final = frozenset({"i", "we", "i'd", "would", "just", "only"})
ASKING: Final = _words("what what's whats which")
SEEING: Final = _words("see know have get view need want")
COMMANDS: Final = _words("printenv grep rg")

# Of the phrases that are asked for
DETERMINERS: Final = _words(
    """
    the my our your its their this that these those all every each any both whole full entire complete actual
    exact real current raw plain plaintext cleartext decrypted unredacted unmasked literal of out me us
    """
)
DEFINITE: Final = DETERMINERS - _words("of out me us")
PLAIN_NOUNS: Final = _words(
    """
    password passwords passwd passphrase passphrases token tokens credential credentials secrets apikey apikeys
    api-key api-keys dsn
    """
)
PLURAL: Final = _words("passwords passphrases credentials secrets apikeys api-keys")
KEYS: Final = _words("key keys")
OF_KEYS: Final = _words("api access private secret signing encryption ssh license licence master deploy")
TOKENS: Final = _words("token tokens")
VALUE_NOUNS: Final = _words(
    """
    value values content contents line lines everything base64 hex rot13 reverse encoding character characters
    letter letters digit digits byte bytes half copy dump text plaintext all rest
    """
)
COUNTED: Final = _words(
    """
    first last two three four five six eight ten few couple base64 hex url-encoded encoded reversed literal
    """
)
OF: Final = _words("of in inside from for")
BEFORE_OF: Final = VALUE_NOUNS | COUNTED | OF
TAILS: Final = _words(
    """
    value values content contents file files itself string variable environment entry line text
    """
)
BREAKS: Final = _words(
    """
    a an whether how why what out and or but then so of in inside from for to into onto on at with by via as is
    are was were be been do does did has have had here back please now verbatim exactly again aloud right when
    while if unless until after before where that which who whose because since you we i it they he she not
    never only just also too instead without set say says contain contains hold holds look looks using used
    stored through per over under between against can could may might must should will would use uses backwards
    character letter there then , . ! ? ; : | & `
    """
) | {"\n", '"'}
ENV_FILE: Final = frozenset({"env", "dotenv", "environment"})
FILES: Final = frozenset({"file", "files"})
