"""Pending permissions and questions, as clients see them and as the shell reads them."""

from __future__ import annotations

import pytest

from egress_proxy.model import Ask, Refused, Resource
from egress_proxy.reasons import Reason
from egress_proxy.wire import merge, read_asks
from tests.wire.test_part import SECRET
from tests.wire.views import DIRECTORY, FOREIGN, MESSAGE, PERMISSION, QUESTION, SESSION, body, crossed

ASKED = {
    "id": PERMISSION,
    "sessionID": SESSION,
    "permission": "bash",
    "patterns": ["cat .env", "ls *"],
    "always": ["*"],
    "metadata": {"command": SECRET},
    "tool": {"messageID": MESSAGE, "callID": "call_1"},
}
QUESTION_ASKED = {
    "id": QUESTION,
    "sessionID": SESSION,
    "questions": [
        {"question": "Which?", "header": "Pick", "options": [{"label": "a", "description": "b"}], "multiple": True}
    ],
}


def test_a_permission_is_shown_without_metadata_and_without_always() -> None:
    assert crossed(Resource.PERMISSIONS, [ASKED]) == [{**ASKED, "always": [], "metadata": {}}]


def test_a_kind_that_is_prose_is_unknown() -> None:
    (found,) = crossed(Resource.PERMISSIONS, [{**ASKED, "permission": SECRET}])
    assert found["permission"] == "unknown"


def test_a_question_is_shown_as_it_is() -> None:
    assert crossed(Resource.QUESTIONS, [QUESTION_ASKED]) == [QUESTION_ASKED]


def test_asks_of_others_are_not_shown() -> None:
    assert crossed(Resource.PERMISSIONS, [{**ASKED, "sessionID": FOREIGN}, ASKED])[0]["sessionID"] == SESSION
    assert crossed(Resource.QUESTIONS, [{**QUESTION_ASKED, "sessionID": FOREIGN}]) == []


def test_the_shell_reads_everybodys_asks() -> None:
    foreign = {**QUESTION_ASKED, "sessionID": FOREIGN}
    assert read_asks(body([ASKED]), DIRECTORY) == (Ask(PERMISSION, SESSION, DIRECTORY, "bash", ("cat .env", "ls *")),)
    assert read_asks(body([foreign]), DIRECTORY) == (Ask(QUESTION, FOREIGN, DIRECTORY, "", ()),)


@pytest.mark.parametrize("change", [{"id": "x"}, {"sessionID": "x"}, {"patterns": "*"}, {"patterns": [1]}])
def test_an_ask_of_another_shape_cannot_be_read(change: dict[str, object]) -> None:
    assert read_asks(body([{**ASKED, **change}]), DIRECTORY) == Refused(Reason.ANSWER_SHAPE)
    kept = read_asks(body([{**ASKED, **change}, ASKED]), DIRECTORY)
    assert isinstance(kept, tuple)
    assert [ask.id for ask in kept] == [PERMISSION]


def test_sweeps_are_merged() -> None:
    assert merge(Resource.PERMISSIONS, [[1], [], [2, 3]]) == [1, 2, 3]
    assert merge(Resource.QUESTIONS, []) == []
    assert merge(Resource.STATUS, [{"a": 1}, {"b": 2}]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="sweeps"):
        merge(Resource.SESSION, [{}])
