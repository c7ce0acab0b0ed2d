"""Parts of passphrases: a value in words whose parts are told from ordinary sentences and from names in programs.

    castle-nectar-violet-thimble        seen: `stle-nectar-violet-t`, not: `castle-nectar`

Two words may stand in any sentence. Sixteen letters of three words, in their order, do by no chance, unless the value
is a name (`acme-payments-production-replica`) or a sentence: these have usual words in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from egress_proxy.scan.forms import Form, phrase_form
from egress_proxy.scan.random_text import words as usual_words

LETTERS: Final = 16  # and digits, of a part
WORDS: Final = 3  # that a part touches, of which one may be a number
LONGEST: Final = 128  # characters of one
_FEWEST = 4  # words of a value without a number
_LEAST_WORD, _MOST_WORD, _MOST_WORDS = 3, 12, 8
_PHRASE = re.compile(r"(?>(?:[A-Za-z]{3,48}+|[0-9]{2,8}+)[^A-Za-z0-9]{0,3}+){2,}+")
_WORD = re.compile(r"[A-Z]?[a-z]++|[A-Z]++|[0-9]++")

# Words of sentences, and of names in programs and deployments.
USUAL: Final = usual_words(
    """about access account admin after again agent all alpha also and another any app application archive are asset
    audit auth backend backup base because been before being below beta between billing both build but cache can
    change changes check client cloud cluster code command common config configuration connection console container
    content control controller core could count create credentials custom customer daily dashboard data database
    default delete demo deploy deployment description dev development device does domain down during each email enable
    end endpoint enter environment error even event events every example export external extra false feature few file
    files first for from frontend full function further gateway global group had handler has have health help here home
    host how http https image import index info input instance internal into invalid invoice item its job json just key
    label last layer level library like limit link list live local log login logs made main make manager many master
    max may memory message metrics min mode model module monitor more most much must name network new next node not
    notification now null object off only open option order other our out output over own package page password path
    payment payments platform please plugin policy pool port primary private process prod product production profile
    project provider proxy public python query queue read record region release remote replica report request required
    resource response role root route router rule run runtime sample same schema script search secret secure security
    send server service services session set setting settings shared should sign since site size some source sql stack
    stage staging standard start state status stop storage store stream string such support sync system table task team
    template test testing text than that the their them then there these they this those through time title token too
    tool topic traffic true two type under until update upload url use used user username users using valid value
    version very view volume want warning was way web webhook well were what when where which while who will with
    within without work worker workflow workspace would write www year yes you your zone"""
)

# And those of names that are put together with underscores and dots.
_IN_PROGRAMS: Final = usual_words(
    """abs add alias alloc api apply args arr array assert async attr attrs await base batch bin bind bit block body
    bool bot box buf buffer bulk byte bytes calc call callback cert char chat check class cls cmd col collection
    color column com compute cond conf conn connect context convert copy cost count cpu cred creds crypt ctx cur
    cursor date datetime day dec declare decode decrypt dep dest detail dict diff dig dir dirs dist div doc docs
    dot driver dst dump edit elem element else empty enc encode encrypt engine entity entries entry enum env
    eval exc exec exists exit expect expr fail fetch field fields filter find fix flag flags float flow flush
    fmt fn foo form format frame free func function gen generate get getter git grant graph grid guard guid hash
    header heap hex hook html icon idx init inner insert inst int inter interface io iter java join keys kind
    kwargs lang lazy left len length lib line links list load loader loc lock lock log logger loop low main make
    map mapping mask match math max media mem merge meta method mime min misc mock mod models move msg mut names
    namespace net nodes num number obj object offset on one open opt option options opts org outer output owner
    pack page pager pair param params parent parse part partial parts patch pattern peer perm pid pipe plan
    point pop port pos post pre prefix prep print prop property props proto ptr push put raw read ready real rec
    ref refresh regex reg rel rem remove rename render rep repo res reset resolve rest result ret retry return
    right row rows rule sample save scan schema scope sdk sec seed select self sender sep seq serial serializer
    set setter setup shape shell show sig sign signal simple single size slice slot sort spec split sql src ssl
    stat state static stats step str strip struct style sub sum super suffix sys tab tag tags target temp term
    text then this thread throw tick time tmp toggle tree trim try tuple types unit uri url util utils uuid val
    validate validator valid vals value values var vars vec verify view void wait walk wrap write xml xpath yaml
    zip"""
)


def phrase_parts(value: str) -> Iterator[Form]:
    """The parts of a value by which it is told, in a form each; none of a value that is no passphrase."""
    words = _WORD.findall(value) if _PHRASE.fullmatch(value) else []
    if not _telling([word.lower() for word in words]):
        return
    codes = "".join(words).lower().encode("ascii")
    of = [number for number, word in enumerate(words) for _ in word]
    for start in range(len(codes) - LETTERS + 1):
        if of[start + LETTERS - 1] - of[start] >= WORDS - 1:
            yield phrase_form(codes[start : start + LETTERS])


def is_of_words(value: str) -> bool:
    """Whether a value made of words may be a passphrase, however they are joined (`CastleNectarViolet`)."""
    return len(value) <= LONGEST and _telling([word.lower() for word in _WORD.findall(value)])


def is_passphrase(value: str) -> bool:
    """Whether a value is some words with spaces or hyphens between, as drawn by lot, perhaps one of them twice: none
    that sentences and settings have. Names have hyphens as well, so there it takes one word more."""
    words = value.lower().split("-" if "-" in value else " ")
    if "-" in value and len(words) < _FEWEST:
        return False
    drawn = all(_LEAST_WORD <= len(word) <= _MOST_WORD and word.isalpha() for word in words)
    return WORDS <= len(words) <= _MOST_WORDS and drawn and len(set(words)) >= len(words) - 1 and not USUAL & set(words)


def is_joined(value: str) -> bool:
    """Whether a value is a passphrase with underscores or dots between its words, as names in programs and hosts have:
    where a password belongs, four words and more of which none is a usual one there."""
    sign = "_" if "_" in value else "."
    words = value.lower().split(sign)
    if len(words) < _FEWEST or not is_passphrase("-".join(words)):
        return False
    return not _IN_PROGRAMS & set(words)


def _telling(words: Sequence[str]) -> bool:
    """Whether enough words are there, and hardly any usual ones."""
    usual = sum(word in USUAL for word in words)
    others = len({word for word in words if word.isalpha()} - USUAL)
    if usual or not any(map(str.isdecimal, words)):
        return others >= _FEWEST and usual <= 1
    return others >= WORDS - 1
