"""Writes help.txt anew from what `ocode --help` and each verb's print."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

from egress_proxy.ocode.cli import main
from egress_proxy.ocode.verbs import VERBS
from tests.ocode.test_cli import HELP


def printed(*arguments: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        main(arguments)
    return out.getvalue()


if __name__ == "__main__":
    texts = [printed("--help"), *(printed(verb.name, "--help") for verb in VERBS)]
    HELP.write_text("\n".join(texts), "utf-8")
