"""I/O: running a service's own argv: who decides the bytes of a stage, and any other of its commands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from orchestrator.pipelines.service_commands import killed_by_signal
from orchestrator.pipelines.surveys import Survey
from services.base.digest import canonical_json
from services.base.errors import EXIT_BAD_CONFIG, EXIT_OK, BadConfig, VisemillError, from_kind

_DESCRIBE_LIMIT_S = 120.0
_SAID = re.compile(r"(?P<reason>[A-Z]+(_[A-Z0-9]+)+): (?P<message>.+)")
# Of a survey's standard error: the last of it says why it failed.
_MOST_SAID = 200
_HOW_FAR = re.compile(r"[0-9]+ of [0-9]+ .+")


def describe(stages: Sequence[tuple[str, Mapping[str, Any]]], device: str = "auto") -> list[dict[str, Any]]:
    """Who would decide the bytes, as the stages themselves say. device: as device_of gives it. Raises BadConfig."""
    if not stages:
        return []
    names = ",".join(name for name, _ in stages)
    config = json.dumps({name: dict(values) for name, values in stages})
    done = run_service(names, "describe", "--config", config, "--device", device, limit_s=_DESCRIBE_LIMIT_S)
    identities: list[dict[str, Any]] = json.loads(done)
    return identities


Describe = Callable[[Sequence[tuple[str, Mapping[str, Any]]], str], list[dict[str, Any]]]


def describe_once() -> Describe:
    """`describe` for plans that are made one after another: what was asked before is not asked again."""
    known: dict[str, list[dict[str, Any]]] = {}

    def found(stages: Sequence[tuple[str, Mapping[str, Any]]], device: str) -> list[dict[str, Any]]:
        key = canonical_json([[name, dict(values)] for name, values in stages] + [device])
        if key not in known:
            known[key] = describe(stages, device)
        return known[key]

    return found


def run_service(stages: str, entry_point: str, *flags: str, limit_s: float, accept: Sequence[int] = (0,)) -> str:
    """Standard output of a service's own argv. Raises what it failed with."""
    argv = [sys.executable, "-m", "services", stages, entry_point, *flags]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise _hung(f"services {stages} {entry_point}", limit_s) from None
    # A bug may end the service before it has said anything.
    if done.returncode in accept and (done.stdout or done.returncode == EXIT_OK):
        return done.stdout
    raise _failed(f"services {stages} {entry_point}", done.returncode, done.stderr)


def answer_of(survey: Survey, now: Callable[[str], object]) -> dict[str, Any]:
    """What a survey found. now: hears what is done, and how far it is. Raises what it failed with."""
    now(survey.doing)
    command = f"python -m {survey.module}"
    argv = [sys.executable, "-m", survey.module, *survey.argv]
    with tempfile.TemporaryFile() as lines, tempfile.TemporaryFile("w+") as out:
        for line in survey.lines():
            lines.write(line)
        lines.seek(0)
        process = subprocess.Popen(
            argv, stdin=lines, stdout=out, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        )
        with _killed_after(process, survey.limit_s) as is_late:
            said: deque[str] = deque(maxlen=_MOST_SAID)
            assert process.stderr is not None
            for text in process.stderr:
                if _HOW_FAR.fullmatch(text.rstrip()):
                    now(f"{survey.doing}: {text.rstrip()}")
                else:
                    said.append(text)
            code = process.wait()
        if is_late.is_set():
            raise _hung(command, survey.limit_s)
        if code != EXIT_OK:
            raise _failed(command, code, "".join(said))
        out.seek(0)
        found: dict[str, Any] = json.loads(out.read())
    return found


@contextmanager
def _killed_after(process: subprocess.Popen[str], limit_s: float) -> Iterator[threading.Event]:
    """Yields what says that the limit has passed. Left, it ends the process, which may still run."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def service_lines(
    stages: str, entry_point: str, *flags: str, limit_s: float, accept: Sequence[int] = (0,)
) -> Generator[str, None, None]:
    """Lines of standard output of a service's own argv, as they come. Raises what it failed with, after the last.

    Closed before its end, it ends the process.
    """
    argv = [sys.executable, "-m", "services", stages, entry_point, *flags]
    with tempfile.TemporaryFile("w+", errors="replace") as stderr:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=stderr, text=True)
        with _killed_after(process, limit_s) as late:
            assert process.stdout is not None
            yield from process.stdout
            code = process.wait()
        if late.is_set():
            raise _hung(f"services {stages} {entry_point}", limit_s)
        if code not in accept:
            stderr.seek(0)
            raise _failed(f"services {stages} {entry_point}", code, stderr.read())


def _hung(command: str, limit_s: float) -> BadConfig:
    return BadConfig("SERVICE_HUNG", f"`{command}` took over {limit_s:g} s: see whether its models load")


def _failed(command: str, code: int, stderr: str) -> VisemillError:
    for line in reversed(stderr.splitlines()):
        if line.startswith('{"kind"'):
            fields = json.loads(line)
            return from_kind(fields["kind"], fields["reason"], fields["message"], fields["detail"])
        # A command for people too says it in a line.
        if code == EXIT_BAD_CONFIG and (said := _SAID.fullmatch(line)):
            return BadConfig(said["reason"], said["message"])
    if (killed := killed_by_signal(command, code)) is not None:
        return killed
    return BadConfig("SERVICE_FAILED", f"`{command}` exited with {code}", stderr[-2000:])
