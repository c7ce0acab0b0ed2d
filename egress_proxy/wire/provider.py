"""CONFIG, CONFIG_PROVIDERS and PROVIDERS: the models that may be used, and nothing of how they are reached.

Upstream these hold every API key, header and base URL, resolved (FACTS, "Secrets it gives away"). Ids come from the
operator's list and only select; of a listed model cross its name (scanned), limits, prices, abilities. Everything
else the schema requires is blank. What is chosen by default is the first listed model that the server has: never the
server's choice, which may be a cloud model. For the same reason `/config` is made of the operator's list alone, and
its body is not even decoded: with `{}` the TUI picks the built-in cloud (FACTS, "What clients need").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType, field

from egress_proxy.model import Refused
from egress_proxy.reasons import Reason
from egress_proxy.wire.decoding import UNREADABLE, Items
from egress_proxy.wire.fields import Number, Wire, date_or_blank, one_of
from egress_proxy.wire.view import View

_SOURCES: Final = frozenset({"env", "config", "custom", "api"})
_MODEL_STATUS: Final = frozenset({"alpha", "beta", "deprecated", "active"})


class Media(Wire, frozen=True):
    """Which kinds go in or out. Read and sent alike."""

    text: bool = False
    audio: bool = False
    image: bool = False
    video: bool = False
    pdf: bool = False


class GivenAbilities(Wire, frozen=True):
    temperature: bool = False
    reasoning: bool = False
    attachment: bool = False
    toolcall: bool = False
    input: Media = Media()
    output: Media = Media()


class Abilities(GivenAbilities, frozen=True):
    """`interleaved` may name a field of the provider's protocol: constant."""

    interleaved: bool = False


class CachePrice(Wire, frozen=True):
    """Read and sent alike."""

    read: Number = 0
    write: Number = 0


class Price(Wire, frozen=True):
    """Read and sent alike."""

    input: Number = 0
    output: Number = 0
    cache: CachePrice = CachePrice()


class Limit(Wire, frozen=True):
    """Read and sent alike."""

    context: Number
    output: Number
    input: Number | UnsetType = UNSET


class BlankApi(Wire, frozen=True):
    id: str = ""
    url: str = ""
    npm: str = ""


class GivenModel(Wire, frozen=True):
    name: str
    limit: Limit
    capabilities: GivenAbilities = GivenAbilities()
    cost: Price = Price()
    status: str = ""
    release_date: str = field(name="release_date", default="")


class Model(Wire, frozen=True):
    id: str
    provider_id: str
    name: str
    limit: Limit
    capabilities: Abilities
    cost: Price
    status: str
    release_date: str = field(name="release_date")
    api: BlankApi = BlankApi()
    options: dict[str, object] = field(default_factory=dict)
    headers: dict[str, object] = field(default_factory=dict)


class GivenProvider(Wire, frozen=True):
    """A provider of which only the id is read until it is known to be a listed one."""

    id: str
    name: Raw = Raw(b'""')
    source: Raw = Raw(b'""')
    models: Raw = Raw(b"{}")


class Provider(Wire, frozen=True):
    id: str
    name: str
    source: str
    models: dict[str, Model]
    env: list[str] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)


class _GivenLists(Wire, frozen=True):
    """`/config/providers` has `providers`, `/provider` has `all` and `connected`."""

    providers: Raw = Raw(b"[]")
    all: Raw = Raw(b"[]")
    connected: list[str] = field(default_factory=list)


class ConfigProviders(Wire, frozen=True):
    providers: list[Provider]
    default: dict[str, str]


class Providers(Wire, frozen=True):
    all: list[Provider]
    default: dict[str, str]
    connected: list[str]


class Config(Wire, frozen=True):
    model: str


_LISTS: Final = msgspec.json.Decoder(_GivenLists)
_PROVIDERS: Final = Items(GivenProvider)
_MODELS: Final = msgspec.json.Decoder(dict[str, Raw])
_MODEL: Final = msgspec.json.Decoder(GivenModel)
_STRING: Final = msgspec.json.Decoder(str)


def _listed(view: View) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for provider, model in view.models:
        listed.setdefault(provider, []).append(model)
    return listed


def _model(provider: str, model: str, raw: Raw) -> Model | None:
    try:
        given = _MODEL.decode(raw)
    except UNREADABLE:
        return None
    able = given.capabilities
    return Model(
        id=model,
        provider_id=provider,
        name=given.name,
        limit=given.limit,
        capabilities=Abilities(
            able.temperature, able.reasoning, able.attachment, able.toolcall, able.input, able.output
        ),
        cost=given.cost,
        status=one_of(given.status, _MODEL_STATUS, "active"),
        release_date=date_or_blank(given.release_date),
    )


def _provider(given: GivenProvider, listed: Iterable[str]) -> Provider:
    raws = _MODELS.decode(given.models)
    found = ((model, _model(given.id, model, raws[model])) for model in listed if model in raws)
    return Provider(
        id=given.id,
        name=_STRING.decode(given.name),
        source=one_of(_STRING.decode(given.source), _SOURCES, "custom"),
        models={model: made for model, made in found if made is not None},
    )


def _providers(body: bytes | Raw, view: View) -> list[Provider]:
    listed = _listed(view)
    given = {one.id: one for one in _PROVIDERS.decode(body) if one.id in listed}
    made = [_provider(given[provider], models) for provider, models in listed.items() if provider in given]
    return [provider for provider in made if provider.models]


def _defaults(providers: Iterable[Provider]) -> Mapping[str, str]:
    return {provider.id: next(iter(provider.models)) for provider in providers}


def project_config(_: bytes, view: View) -> Config | Refused:
    """Give the default model, whatever the server's configuration says."""
    if not view.models:
        return Refused(Reason.INTERNAL_ERROR)
    provider, model = view.models[0]
    return Config(f"{provider}/{model}")


def project_config_providers(body: bytes, view: View) -> ConfigProviders:
    """Project the configured providers to the listed models."""
    providers = _providers(_LISTS.decode(body).providers, view)
    return ConfigProviders(providers, dict(_defaults(providers)))


def project_providers(body: bytes, view: View) -> Providers:
    """Project all known providers to the listed models."""
    given = _LISTS.decode(body)
    providers = _providers(given.all, view)
    return Providers(
        providers,
        dict(_defaults(providers)),
        [provider.id for provider in providers if provider.id in given.connected],
    )
