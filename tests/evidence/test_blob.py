"""What is sealed opens with the right key, as what it is of, and otherwise not at all."""

from __future__ import annotations

import gc
import json
import pickle
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from egress_proxy.evidence import BadKey, NotOpened, PublicKey, Sealed, Unreadable, seal, unseal
from egress_proxy.evidence.blob import Found, exported, imported
from egress_proxy.evidence.hpke import PUBLIC_BYTES, PrivateKey, decrypt
from egress_proxy.model import Finding, Form
from tests.evidence import second
from tests.evidence.kit import ONE, OTHER, original, private_key, sealed

VECTORS = Path(__file__).parent / "vectors"


def test_what_is_sealed_opens_with_each_recipients_key_and_no_other() -> None:
    blob = sealed(1, ONE, OTHER)
    for key in (ONE, OTHER):
        assert unseal(blob, [key]) == original(1)
    assert unseal(blob, [private_key("stranger"), OTHER]) == original(1)
    with pytest.raises(NotOpened):
        unseal(blob, [private_key("stranger")])
    with pytest.raises(NotOpened):
        unseal(blob, [])
    with pytest.raises(ValueError, match="nobody"):
        seal(original(1), [])


def test_a_stanza_is_of_no_use_to_another_key() -> None:
    blob = sealed(1, ONE)
    manifest = json.loads(blob.manifest)
    manifest["recipients"][0]["key"] = OTHER.public.id
    swapped = renamed(blob, manifest, stanzas={OTHER.public.id: blob.stanzas[ONE.public.id]})
    with pytest.raises(NotOpened):
        unseal(swapped, [OTHER])


def renamed(blob: Sealed, manifest: Any, **changes: Any) -> Sealed:
    """A blob with another manifest, and the name that this one gives: what somebody can make who has no key."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return imported(exported(replace(blob, manifest=text, **changes)).encode())


@pytest.mark.parametrize("field", ["ledger", "record", "time"])
def test_moved_to_another_record_it_does_not_open(field: str) -> None:
    blob = sealed(1)
    manifest = {**json.loads(blob.manifest), field: "another"}
    with pytest.raises(NotOpened):
        unseal(renamed(blob, manifest), [ONE])


def test_parts_of_two_records_do_not_go_together() -> None:
    """Neither the other's payload, nor the other's stanza, nor both."""
    one, two = sealed(1), sealed(2)
    mine, theirs = json.loads(one.manifest), json.loads(two.manifest)
    names = ("payload", "recipients", "commit")
    for taken in (names[:1], names[1:2], names[:2], names):
        manifest = {**mine, **{name: theirs[name] for name in taken}}
        swapped = renamed(
            one,
            manifest,
            payload=two.payload if "payload" in taken else one.payload,
            stanzas=two.stanzas if "recipients" in taken else one.stanzas,
        )
        with pytest.raises((NotOpened, Unreadable)):
            unseal(swapped, [ONE])


@given(st.sampled_from(["manifest", "payload", "stanza"]), st.data())
def test_one_changed_byte_and_it_does_not_open(part: str, data: st.DataObject) -> None:
    blob = sealed(1)
    whole = {"manifest": blob.manifest.encode(), "payload": blob.payload or b"", "stanza": blob.stanzas[ONE.public.id]}
    at = data.draw(st.integers(0, len(whole[part]) - 1))
    other = data.draw(st.integers(0, 127).filter(lambda byte: byte != whole[part][at]))
    whole[part] = whole[part][:at] + bytes([other]) + whole[part][at + 1 :]
    changed = Sealed(
        name=blob.name,
        manifest=whole["manifest"].decode(),
        stanzas={ONE.public.id: whole["stanza"]},
        payload=whole["payload"],
    )
    with pytest.raises(Unreadable):
        unseal(changed, [ONE])
    named_anew = imported(exported(changed).encode())
    with pytest.raises((Unreadable, NotOpened)):
        unseal(named_anew, [ONE])


def test_what_opens_as_two_things_opens_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stanza whose key is not the one that was committed to is that of whoever made both."""
    keys = iter([b"a" * 32, b"b" * 32])
    wrap = PublicKey.wrap
    monkeypatch.setattr(PublicKey, "wrap", lambda key, _, info: wrap(key, next(keys), info))
    blob = seal(original(1), [ONE.public, OTHER.public])
    for key in (ONE, OTHER):
        with pytest.raises(Unreadable, match="somebody else"):
            unseal(blob, [key])


@pytest.mark.parametrize("text", ["\ud800 half a character", "\x00\x1b[2J", "\u202e\U0001f511", ""])
def test_any_text_can_be_sealed(text: str) -> None:
    kept = original(1)
    kept = replace(kept, excerpts=(replace(kept.excerpts[0], content=text),))
    blob = imported(exported(seal(kept, [ONE.public])).encode())
    assert unseal(blob, [ONE]) == kept


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"\xff", b'{"kind":"egress-evidence"}', b"[" * 100_000],
    ids=["empty", "object", "list", "no-text", "nothing-in-it", "deep"],
)
def test_what_is_none_is_told_without_quoting_it(line: bytes) -> None:
    with pytest.raises(Unreadable, match="is no sealed original") as told:
        imported(line)
    assert told.value.__cause__ is None


def test_a_blob_of_another_version_is_not_guessed_at() -> None:
    blob = sealed(1)
    for change in ({"format": 2}, {"suite": "rot13"}):
        with pytest.raises(Unreadable, match="another version"):
            unseal(renamed(blob, {**json.loads(blob.manifest), **change}), [ONE])


def test_without_its_payload_it_says_so() -> None:
    blob = replace(sealed(1), payload=None)
    with pytest.raises(Unreadable, match="shredded"):
        unseal(imported(exported(blob).encode()), [ONE])


@pytest.mark.parametrize("raw", [b"", b"a" * PUBLIC_BYTES, b"\xff" * PUBLIC_BYTES, ONE.public.raw[:-32] + bytes(32)])
def test_what_nothing_can_be_sealed_for_is_no_key(raw: bytes) -> None:
    if raw == b"a" * PUBLIC_BYTES:
        PublicKey(raw)  # a key like any other
        return
    with pytest.raises(BadKey):
        PublicKey(raw)


def test_nothing_of_it_is_shown_or_pickled() -> None:
    secret = "hunter-two"
    kept = original(1)
    kept = replace(kept, excerpts=(replace(kept.excerpts[0], content=secret),))
    blob = seal(kept, [ONE.public])
    for shown in (repr(kept), repr(kept.excerpts), repr(blob), repr(ONE), repr(ONE.public)):
        assert secret not in shown
    assert secret.encode() not in pickle.dumps(blob)
    with pytest.raises(TypeError):
        pickle.dumps(ONE)


def test_who_seals_keeps_nothing_that_opens() -> None:
    """Of all 32 bytes that are left in memory or in the blob, none is the key of the content."""
    key = PrivateKey.new()
    public = PublicKey(key.public.raw)
    blob = seal(original(1), [public])
    left: set[bytes] = {held for held in gc.get_referents(public) if isinstance(held, bytes)}
    parts = [*left, blob.manifest.encode(), blob.payload or b"", *blob.stanzas.values()]
    bound = b"egress-proxy evidence 1 content\n" + msgspec.json.encode(
        {"ledger": original().ledger, "record": "egr_1", "time": original().time}
    )
    for part in parts:
        for at in range(max(1, len(part) - 31)):
            with pytest.raises(NotOpened):
                decrypt(part[at : at + 32].ljust(32, b"\0"), blob.payload or b"", bound)


def test_a_blob_that_was_sealed_once_opens_for_ever() -> None:
    line = (VECTORS / "sealed.jsonl").read_text("utf-8")
    told = json.loads((VECTORS / "original.json").read_text("utf-8"))
    blob = imported(line.encode())
    assert json.loads(json.dumps(msgspec.to_builtins(unseal(blob, [ONE])))) == told
    assert second.opened(line, ONE.reveal()) == (blob.name, told)


@pytest.mark.parametrize("key", [ONE, OTHER])
def test_a_second_reader_made_from_the_page_agrees(key: PrivateKey) -> None:
    blob = sealed(2, ONE, OTHER)
    name, content = second.opened(exported(blob), key.reveal())
    assert name == blob.name
    assert content == json.loads(json.dumps(msgspec.to_builtins(original(2))))


def test_the_mac_by_which_the_proxy_knows_a_value_is_not_sealed() -> None:
    """It is the same in all records: who opens one would know the others of the same value."""
    found = Finding(3, 14, 19, "known-value", "TOKEN", Form.ENCODED, b"m" * 32)
    sealed = original(1, findings=(Found.of(found),))
    opened = unseal(seal(sealed, [ONE.public]), [ONE])
    assert opened.findings == (Found(3, 14, 19, "known-value", "TOKEN", Form.ENCODED),)
    assert "value" not in msgspec.to_builtins(sealed)["findings"][0]
