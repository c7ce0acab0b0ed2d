"""Benign replies of many pieces, and the names that stand in them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.corpus.parts import Parts, words

# Writes one piece: a function, a commit, a table.
Sort = Callable[["Draw"], str]

_NOUNS: Final = words(
    """account adapter address asset batch billing board branch bucket cache catalog channel client cluster command
    config connection contact context cursor customer device document domain editor email engine entry event export
    feature field file filter folder format gateway group handler history image import index invoice item job key label
    layer layout ledger limit link list loader location lock log mail manifest member menu message metric model module
    node note notification offer order owner package page parser password path payment period plan player plugin point
    policy pool post price process product profile project queue quota range record region release report request
    result review role route row rule schedule schema screen search secret section segment server service session
    setting shape shipment signal slot snapshot source stage state status step storage stream task team template tenant
    test theme thread ticket timer token topic trace track user value vendor version video view volume widget worker"""
)
_VERBS: Final = words(
    """add apply archive assert bind build cancel check clear close collect compare compute copy count create decode
    delete describe detach dispatch emit encode ensure export fetch filter find flush format get handle import init
    insert is join list load lock log make map match merge move normalize notify open parse patch poll prepare publish
    purge push read rebuild refresh register release remove render replace reset resolve restore retry run save scan
    schedule select send set sort split start stop store stream submit subscribe sync track transform update upload
    validate verify wait watch write"""
)
_REPLY: Final = 8_000  # characters, about


class Draw(Parts):
    """Draws what stands in code and logs."""

    def noun(self) -> str:
        return self.random.choice(_NOUNS)

    def verb(self) -> str:
        return self.random.choice(_VERBS)

    def snake(self) -> str:
        return self.choice(f"{self.verb()}_{self.noun()}", f"{self.noun()}_{self.noun()}", self.noun())

    def camel(self) -> str:
        return self.choice(self.noun() + self.noun().title(), self.verb() + self.pascal())

    def pascal(self) -> str:
        return self.choice(self.noun().title(), self.noun().title() + self.noun().title())

    def constant(self) -> str:
        return f"{self.noun()}_{self.noun()}".upper()

    def kebab(self) -> str:
        return f"{self.noun()}-{self.noun()}"

    def version(self) -> str:
        return f"{self.number(0, 12)}.{self.number(0, 40)}.{self.number(0, 20)}"

    def path(self, ending: str) -> str:
        return (
            "/".join((self.choice("src", "lib", "app", "internal", "pkg", "core"), self.noun(), self.snake())) + ending
        )

    def day(self) -> str:
        return f"2026-{self.number(1, 12):02}-{self.number(1, 28):02}"

    def time(self) -> str:
        return f"{self.number(0, 23):02}:{self.number(0, 59):02}:{self.number(0, 59):02}"

    def person(self) -> str:
        names = words(
            "Ada Ben Chloe Dmitri Elif Femi Greta Hiro Ines Jonas Kavya Leo Mara Noor Otto Priya Rosa Sven Tariq Yuki"
        )
        return f"{self.random.choice(names)} {self.random.choice(_NOUNS).title()}"

    def address(self) -> str:
        return f"{self.choice(10, 172, 192)}.{self.number(0, 255)}.{self.number(0, 255)}.{self.number(1, 254)}"


def replies(sort: Sort, random: Random, size: int) -> list[str]:
    """Write replies with pieces of a sort, together about so many characters."""
    draw = Draw(random)
    found: list[str] = []
    written = 0
    while written < size:
        pieces: list[str] = []
        wanted = min(draw.number(_REPLY // 8, _REPLY * 2), size - written)
        while wanted > 0:
            pieces.append(sort(draw))
            wanted -= len(pieces[-1])
        found.append("\n".join(pieces))
        written += len(found[-1])
    return found
