"""`perms`, `allow` and `answer`: what the local agent waits for, and the answers that are the caller's to give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from egress_proxy.ocode.answers import Asks, Question, QuestionItem
from egress_proxy.ocode.console import Console, one_line
from egress_proxy.ocode.context import Context
from egress_proxy.ocode.documents import (
    AnsweredDocument,
    AsksDocument,
    PermissionDocument,
    QuestionDocument,
    QuestionItemDocument,
    StateDocument,
    asks_document,
)
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault, Local, not_found, not_the_proxy, usage

WHY_NOT_ALWAYS: Final = (
    "`always` is not sent: it would be a lasting rule, which later turns and later sessions of the directory would be"
    " covered by unasked. Nobody may set one from here. Answer `once`; the next ask is answered when it comes."
)
_ANSWERERS: Final = {"self": "for you", "human": "for a human", "never": "for nobody: it will be rejected"}
_DECIDERS: Final = {"human": "a human", "policy": "the policy", "expiry": "nobody in time"}


def perms(context: Context) -> Exit:
    """List what is waited for, of one session's tree or of all."""
    console = context.console
    asks = context.api.asks()
    if context.arguments.session is not None:
        asks = _of_tree(asks, context.session)
    document = asks_document(asks)
    if console.json:
        console.document(document)
        return Exit.OK
    say_asks(console, document)
    if not document.permissions and not document.questions:
        console.note("nothing is waited for")
    return Exit.OK


def allow(context: Context) -> Exit:
    """Answer a permission."""
    reply = context.arguments.reply
    if reply == "always":
        raise Fault(Exit.REFUSED, Local.ALWAYS, WHY_NOT_ALWAYS)
    ask = context.ask(context.arguments.id, "per")
    if not context.api.reply(ask, reply, context.arguments.message):
        raise not_the_proxy("The answer was not taken, and it is not said why. `ocode perms` shows what is pending.")
    return _answered(context, ask, reply)


def answer(context: Context) -> Exit:
    """Answer the questions of a request, or decline to."""
    arguments, api = context.arguments, context.api
    if bool(arguments.label) == arguments.reject:
        raise usage("Give a LABEL for each question, or --reject.")
    ask = context.ask(arguments.id, "que")
    if arguments.reject:
        taken = api.reject(ask)
    else:
        question = next((one for one in api.asks().questions if one.id == ask), None)
        if question is None:
            raise not_found("No such pending question of yours: `ocode perms` lists them.")
        taken = api.answer(ask, chosen(question, tuple(arguments.label), custom=arguments.custom))
    if not taken:
        raise not_the_proxy("The answer was not taken, and it is not said why. `ocode perms` shows what is pending.")
    return _answered(context, ask, "reject" if arguments.reject else "answered")


def _answered(context: Context, ask: str, reply: str) -> Exit:
    if context.console.json:
        context.console.document(AnsweredDocument(ask, reply))
    return Exit.OK


def chosen(question: Question, given: tuple[str, ...], *, custom: bool) -> tuple[tuple[str, ...], ...]:
    """Make the answer to each question of what was given for it. Raise a usage fault that lists what there is."""
    if len(given) != len(question.questions):
        raise usage(
            f"It asks {len(question.questions)} questions: give one answer for each, in the order of `ocode perms`."
        )
    return tuple(_labels(item, text, custom=custom) for item, text in zip(question.questions, given, strict=True))


def _labels(item: QuestionItem, text: str, *, custom: bool) -> tuple[str, ...]:
    labels = [option.label for option in item.options]
    if text in labels:
        return (text,)
    if custom:
        if not item.custom:
            raise usage("This question takes no words of your own: choose from its labels.")
        return (text,)
    parts = [part.strip() for part in text.split(",")] if item.multiple else [text.strip()]
    found = tuple(_label(labels, part) for part in parts)
    if None in found or len(set(found)) != len(found):
        own = ", or words of your own with --custom" if item.custom else ""
        several = ", several with commas" if item.multiple else ""
        raise usage(f"Not a label of this question: choose from {_quoted(labels)}{several}{own}.")
    return tuple(label for label in found if label is not None)


def _label(labels: list[str], text: str) -> str | None:
    """The label that was meant: exactly, or the only one in another case."""
    if text in labels:
        return text
    alike = [label for label in labels if label.casefold() == text.casefold()]
    return alike[0] if len(alike) == 1 else None


def _quoted(labels: list[str]) -> str:
    return ", ".join(f"“{one_line(label)}”" for label in labels) or "nothing"


def _of_tree(asks: Asks, session: str) -> Asks:
    """The asks of a session and its sub-agents."""
    return Asks(
        tuple(ask for ask in asks.permissions if session in {ask.session, ask.root}),
        tuple(ask for ask in asks.questions if session in {ask.session, ask.root}),
        tuple(one for one in asks.decisions if one.session == session),
    )


def say_asks(console: Console, asks: AsksDocument | StateDocument) -> None:
    """Write asks to stdout. None is cut: who answers must see all of what for."""
    for line in _lines(asks):
        console.say(line)


def note_asks(console: Console, asks: StateDocument) -> None:
    """Tell of asks on stderr, and what to do about them."""
    for line in _lines(asks):
        console.note(line)
    for permission in asks.permissions:
        if permission.answerer not in {"human", "never"}:
            console.note(f"then `ocode allow {permission.id} once` or `reject`, and `ocode wait {asks.session}`")
    for question in asks.questions:
        console.note(f"then `ocode answer {question.id} LABEL` or `--reject`, and `ocode wait {asks.session}`")
    if asks.state == "human":
        console.note(f"a human has to answer: `ocode wait {asks.session} --human` waits for it")


def note_decisions(console: Console, state: StateDocument) -> None:
    """Tell on stderr what others decided since the prompt."""
    for one in state.decisions:
        who = _DECIDERS.get(one.by, "somebody")
        told = f"{one.id} was answered by {who}" if one.by == "expiry" else f"{who} {one.outcome} {one.id}"
        console.note(one_line(f"{told}: {one.note}" if one.note else told))


def _lines(asks: AsksDocument | StateDocument) -> Iterator[str]:
    for permission in asks.permissions:
        yield from _permission(permission)
    for question in asks.questions:
        yield from _question(question)


def _permission(ask: PermissionDocument) -> Iterator[str]:
    answerer = f"  {_ANSWERERS[ask.answerer]}" if ask.answerer in _ANSWERERS else ""
    yield f"{ask.id}  {one_line(ask.permission)}  {ask.root}{answerer}"
    yield from (f"    {one_line(pattern)}" for pattern in ask.patterns)


def _question(ask: QuestionDocument) -> Iterator[str]:
    yield f"{ask.id}  question  {ask.root}"
    for item in ask.questions:
        yield f"    {one_line(item.question)}{_how(item)}"
        for option in item.options:
            told = f": {one_line(option.description)}" if option.description else ""
            yield f"      {one_line(option.label)}{told}"


def _how(item: QuestionItemDocument) -> str:
    how = [word for word, on in (("several", item.multiple), ("or your own words", item.custom)) if on]
    return f" ({', '.join(how)})" if how else ""
