"""Processes of the product that are there at once: forked from one that has imported it and compiled its rules.

A start from nothing computes for three seconds, most of them for the same rules each time. The one forked from is a
process of its own, without threads, and never does anything else; what is forked from it gets arguments, environment,
directory and files as `subprocess` would give them, and runs the same entry point. The proxies that all tests share are
started from nothing, and so are the command lines of the unit tests, so that this way of starting hides nothing.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

PROXY, OCODE = "egress_proxy.cli", "egress_proxy.ocode.cli"
"""The modules that can be run."""
DRAWN: Final = {"egress_proxy.server.asked": "_KEY", "egress_proxy.server.watched": "_CONTENT_KEY"}
"""What modules draw by lot when they are imported: drawn anew in each process, since one key is for one process."""
_ROOT = Path(__file__).resolve().parents[2]
_MESSAGE: Final = 1 << 18
_KILLED: Final = b"-9"


class Ready:
    """One process, with what the tests use of `Popen`."""

    def __init__(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], files: Sequence[int]
    ) -> None:
        """`files` are what it reads from and writes its output and errors to."""
        self.returncode: int | None = None
        self._told, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        job = json.dumps([module, list(arguments), dict(environment)]).encode()
        with told:
            socket.send_fds(_template(), [job], [*files, told.fileno()])
        self.pid = int(self._told.recv(32))

    def poll(self) -> int | None:
        """Give the exit code, negative for a signal, or None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.returncode = int(self._told.recv(32) or _KILLED)
            self._told.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code. Raise `TimeoutExpired`."""
        if self.returncode is None and not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("egress-proxy", timeout or 0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Piped:
    """One process that reads what it is given and whose output is kept."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        (stdin, given), (out, stdout), (err, stderr) = (os.pipe() for _ in range(3))
        self._given, self._out, self._err = os.fdopen(given, "wb"), os.fdopen(out, "rb"), os.fdopen(err, "rb")
        try:
            self._process = Ready(module, arguments, environment, (stdin, stdout, stderr))
        finally:
            for file in (stdin, stdout, stderr):
                os.close(file)

    def ended(self, given: bytes = b"", timeout: float = 100) -> tuple[int, bytes, bytes]:
        """Give it all of its input, and give its exit code, output and errors. Raise `TimeoutExpired`."""
        with ThreadPoolExecutor(2) as threads, self._out, self._err:
            reading = [threads.submit(file.read) for file in (self._out, self._err)]
            with contextlib.suppress(BrokenPipeError), self._given:
                self._given.write(given)
            try:
                code = self._process.wait(timeout)
            finally:
                self._process.kill()  # or its pipes would be read for ever
            out, err = (one.result() for one in reading)
        return code, out, err


def begin() -> None:
    """Have it start, so that it is there when it is needed."""
    _template()


@cache
def _template() -> socket.socket:
    """Start the process that the others are forked from; what it is asked before it is ready waits. It ends when this
    one does, for the socket is closed then."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.kit.ready", str(theirs.fileno())]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, map(str, (_ROOT, *sys.path))))}
        process = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
        )
    process.returncode = 0  # nobody waits for it
    return ours


# The process that is forked


def _become(module: str, arguments: Sequence[str], environment: Mapping[str, str], files: Sequence[int]) -> NoReturn:
    """Be what was asked for, and end without taking apart all that was imported."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (_unbuffered(number) for number in (1, 2))
    sys.argv = [module, *arguments]
    for name, key in DRAWN.items():
        setattr(sys.modules[name], key, secrets.token_bytes(32))
    try:
        code = _mains()[module]()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  as the interpreter would
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


def _unbuffered(number: int) -> Any:
    binary: BinaryIO = os.fdopen(number, "wb", buffering=0, closefd=False)
    return io.TextIOWrapper(binary, encoding="utf-8", write_through=True)


def _mains() -> dict[str, Callable[[], int]]:
    from egress_proxy import cli  # noqa: PLC0415  the tests' own processes need none of it
    from egress_proxy.ocode import cli as ocode  # noqa: PLC0415

    return {PROXY: cli.main, OCODE: ocode.main}


def _warm() -> None:
    import egress_proxy.app  # noqa: F401, PLC0415
    from egress_proxy.model import Secret  # noqa: PLC0415
    from egress_proxy.scan import KnownValues  # noqa: PLC0415
    from egress_proxy.scan.engine import _standard  # noqa: PLC0415

    _mains()
    _standard().prepare()
    KnownValues.build([("ANY", Secret("to have its tables made"))], bytes(32))
    gc.collect()
    gc.freeze()


Running = dict[int, tuple[int, socket.socket]]
"""By the descriptor of a process its number, and where its end is told."""


def _serve(control: socket.socket) -> None:
    """Fork whenever it is asked for, until who may ask has gone."""
    running: Running = {}
    while True:
        ready, _, _ = select.select([control.fileno(), *running], [], [])
        for descriptor in running.keys() & ready:
            _tell(descriptor, running)
        if control.fileno() in ready:
            try:
                job, descriptors, *_ = socket.recv_fds(control, _MESSAGE, 4)
            except ConnectionResetError:  # it has gone and left something unread
                return
            if not job:
                return
            _fork(control, job, descriptors, running)


def _tell(descriptor: int, running: Running) -> None:
    pid, told = running.pop(descriptor)
    os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with told, contextlib.suppress(OSError):  # who asked for it may have gone
        told.send(str(code).encode())


def _fork(control: socket.socket, job: bytes, descriptors: Sequence[int], running: Running) -> None:
    *files, last = descriptors
    pid = os.fork()
    if not pid:
        control.close()
        os.close(last)
        for descriptor, (_, told) in running.items():
            os.close(descriptor)
            told.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        module, arguments, environment = json.loads(job)
        _become(module, arguments, environment, files)
    for file in files:
        os.close(file)
    told = socket.socket(fileno=last)
    told.send(str(pid).encode())
    running[os.pidfd_open(pid)] = pid, told


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests; this ends when they do
    control = socket.socket(fileno=int(sys.argv[1]))
    _warm()
    _serve(control)


if __name__ == "__main__":
    _main()
