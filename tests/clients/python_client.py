"""Drives a Python client for a test: JSON lines in, JSON lines out. Runs in the environment that holds the client.

The protocol is that of `node_client.mjs`; the first line is {"module", "client", "config"}, `args` are keywords, and a
value comes as {"value": ..., "type": ...} with the name of the type that the client decoded it into.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
from typing import Any

PATIENCE_S = 90


class Events:
    """What a stream has said so far, read by a thread."""

    def __init__(self) -> None:
        self._heard: list[dict[str, Any]] = []
        self._news = threading.Condition()

    def read(self, stream: Any) -> None:
        with self._news:
            self._heard.clear()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def until(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        with self._news:
            if not self._news.wait_for(lambda: any(matches(event, wanted) for event in self._heard), PATIENCE_S):
                raise TimeoutError(f"heard: {[event.get('type') for event in self._heard]}")
            return list(self._heard)

    def _read(self, stream: Any) -> None:
        try:
            for event in stream:
                self._hear({**plain(event), "decoded": type(event).__name__})
            self._hear({"ended": True})
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what the client's user sees
            self._hear({"failed": failure(error)})

    def _hear(self, event: dict[str, Any]) -> None:
        with self._news:
            self._heard.append(event)
            self._news.notify_all()


def matches(event: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "failed" in event or "ended" in event:
        return True
    found = event.get("payload") or event
    properties = found.get("properties") or {}
    same = [properties.get(key) == value for key, value in wanted.get("properties", {}).items()]
    return bool(found.get("type") == wanted["type"] and all(same))


def plain(value: Any) -> Any:
    """Give a value as JSON has it; models by the names of the wire."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True, warnings=False)
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return value


def kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list[{', '.join(sorted({kind(one) for one in value}))}]"
    return type(value).__name__


def failure(error: BaseException) -> dict[str, Any]:
    body = getattr(error, "body", None) or getattr(error, "payload", None)
    return {
        "type": type(error).__name__,
        "text": str(error),
        "status": getattr(error, "status_code", None),
        "body": body,
    }


class Driver:
    """One client, and the stream that it listens to."""

    def __init__(self, module: str, client: str, config: dict[str, Any]) -> None:
        self._module = importlib.import_module(module)
        self._client = getattr(self._module, client)(**config)
        self._events = Events()

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "until" in asked:
            return {"value": self._events.until(asked["until"])}
        value = self._method(asked.get("call") or asked["listen"])(**self._built(asked["args"] or {}))
        if "listen" in asked:
            stream = value.__enter__()
            self._events.read(stream.iter_events() if hasattr(stream, "iter_events") else stream)
            return {"value": True}
        return {"value": plain(value), "type": kind(value)}

    def _method(self, path: str) -> Any:
        found = self._client
        for name in path.split("."):
            found = getattr(found, name)
        return found

    def _built(self, args: dict[str, Any]) -> dict[str, Any]:
        return {key: object if key == "cast_to" else self._value(value) for key, value in args.items()}

    def _value(self, value: Any) -> Any:
        """Make what is given as {"$": "TypeName", …} into the client's own type of that name."""
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, dict) and "$" in value:
            made = {key: self._value(one) for key, one in value.items() if key != "$"}
            return getattr(self._module, value["$"])(**made)
        return value


def main() -> None:
    driver = Driver(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = driver.answer(asked)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what the client's user sees
            answer = {"error": failure(error)}
        sys.stdout.write(json.dumps({**answer, "id": asked["id"]}, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
