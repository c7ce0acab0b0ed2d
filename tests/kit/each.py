"""Many cases in one test.

`pytest.mark.parametrize` makes a test of each case. Collected by four workers, set up, reported and torn down, that
costs several times what a case of a truth table computes. `each` is for cases that are quick, and need nothing of their
own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

Test = Callable[..., None]
_MOST_SHOWN: Final = 10


def each(
    names: str | Sequence[str], cases: Iterable[Any], ids: Callable[[Any], object] = repr
) -> Callable[[Test], Test]:
    """Run a test for each case, to the last. If some fail, an `ExceptionGroup` says which, and how.

    `names` are the arguments that a case gives: one, or as many as its items. What `ids` makes of a case names it. One
    may stand above another, as with `parametrize`. Fixtures are the same ones for all cases.
    """
    given, several = ((names,), False) if isinstance(names, str) else (tuple(names), True)
    every = [(str(ids(case)), tuple(case) if several else (case,)) for case in cases]
    if not every or any(len(values) != len(given) for _, values in every):
        raise ValueError(f"cases of {given}")

    def decorate(test: Test) -> Test:
        def run(**fixtures: Any) -> None:
            failed = [
                error for name, values in every if (error := _failure(test, name, {**fixtures, **_named(values)}))
            ]
            if failed:
                raise ExceptionGroup(f"{len(failed)} of {len(every)} cases failed", failed[:_MOST_SHOWN])

        def _named(values: tuple[Any, ...]) -> dict[str, Any]:
            return dict(zip(given, values, strict=True))

        signature = inspect.signature(test)
        left = [one for name, one in signature.parameters.items() if name not in given]
        if len(left) + len(given) != len(signature.parameters):
            raise TypeError(f"{test.__name__} does not take {given}")
        run.__signature__ = signature.replace(parameters=left)  # type: ignore[attr-defined]  # read by pytest
        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        run.__qualname__, run.__dict__["pytestmark"] = test.__qualname__, list(getattr(test, "pytestmark", ()))
        return run

    return decorate


def _failure(test: Test, name: str, arguments: dict[str, Any]) -> Exception | None:
    try:
        test(**arguments)
    except Exception as error:  # noqa: BLE001 - the others are run before it is told
        error.add_note(f"case: {name}")
        return error
    return None
