"""Runs over quick stages, killed at each operation on the store in turn, and carried on: what a test of it starts.

`fault_points.py SCENARIO FOLDER [ROOT]`. The operations are counted where the store's interface is, over all processes
of a run; whoever makes the N-th kills itself with SIGKILL before it is made. Each life of a run is forked from this
program, and so are its workers, which is all that differs from a run as users start it. Tells what it found as JSON on
standard output. ROOT: of the outputs, such as s3://bucket/prefix; by default the folder. The scenario tts-full-disk
kills nobody: there ROOT is a small file system, which is filled before the run.
"""

import contextlib
import ctypes
import functools
import gc
import hashlib
import importlib
import io
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent))

import sentencepiece
from quick_stages import BROKEN, QuickPass, QuickPersonPass, QuickSpeechPass

import orchestrator.execution.local_workers
import orchestrator.planner.planning
import orchestrator.runs.map.decision
import services.base.worker.work
from orchestrator.cli import main as cli
from orchestrator.runs.claim.lease import FolderLease
from services.__main__ import main as services_main
from services.base.process.retry import Backoff
from services.base.run import paths
from services.base.store.interface import TEMP_PREFIX
from services.base.store.local.folder import LocalFolder
from services.base.store.local.upload import LocalUpload
from services.base.store.open import join_uri, open_store
from services.base.store.s3.bucket import S3Store
from services.base.store.s3.upload import S3Upload

# A life takes a tenth of a second.
# Of Linux's prctl.
PR_SET_CHILD_SUBREAPER = 36
LIFE_LIMIT_S = 120.0
NUM_LANES = 2
CHANGES = ("put", "create", "move", "delete", "delete_prefix", "clean_abandoned")
OF_STORES = (*CHANGES, "list", "stat", "read", "local_path", "fetch", "upload")
OF_UPLOADS = ("write", "commit")
OF_LEASES = ("take", "check", "release")
# Of a person's folder, for other tools.
HOLD_TIMES = (".preprocessing_metadata.json", ".training_state.json")


class FaultPoint:
    """Counts operations over all processes of a life; the one that makes the N-th does not live to make it.

    takes_all: nor do the others, as when a machine is lost.
    """

    def __init__(self):
        self.at = 0
        self.takes_all = False
        self.role = "orchestrator"
        self.forget_other_lanes()

    def forget_other_lanes(self):
        """From here on this process and its children count for themselves."""
        self._made = multiprocessing.Value("i", 0)
        self._victim = multiprocessing.Array("c", 80)

    def arm(self, at):
        """at: which operation is the last; 0: none is."""
        self.at = at
        self._made.value = 0
        self._victim.value = b""

    def passes(self, operation):
        """What is called before an operation."""
        with self._made.get_lock():
            self._made.value += 1
            number = self._made.value
        if number == self.at:
            self._victim.value = f"{self.role} {operation}".encode()
            if self.takes_all:
                os.killpg(0, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def num_made(self):
        return self._made.value

    @property
    def victim(self):
        """Who was killed before which operation; empty: nobody was."""
        return self._victim.value.decode()


POINT = FaultPoint()


def count_operations(inputs, *, changes_alone):
    """Every operation passes the fault point, but for those on the inputs: they change nothing. changes_alone: of the
    others those that change something; before one that does not, there is what is before the next that does.
    """

    def counted(kind, name, is_counted):
        method = getattr(kind, name)

        @functools.wraps(method)
        def passing(self, *args, **kwargs):
            if is_counted(self):
                POINT.passes(f"{kind.__name__}.{name}")
            return method(self, *args, **kwargs)

        setattr(kind, name, passing)

    seams = {LocalFolder: CHANGES if changes_alone else OF_STORES, LocalUpload: OF_UPLOADS, FolderLease: OF_LEASES}
    # Over a network a tenth of the points is as many seconds: there, those that change the store.
    seams |= {S3Store: CHANGES, S3Upload: ("commit",)}
    for kind, names in seams.items():
        for name in names:
            counted(kind, name, lambda self: getattr(self, "uri", "") != str(inputs))


def in_this_process(*words, limit_s):
    """In the place of `orchestrator.planner.services.run_service`: what a service's own command line says."""
    del limit_s
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        if services_main(words):
            raise RuntimeError(f"{words} failed")
    return said.getvalue()


def answered_in_this_process(survey, now):
    """In the place of `orchestrator.planner.services.answer_of`."""
    del now
    given, said = io.TextIOWrapper(io.BytesIO(b"".join(survey.lines()))), io.TextIOWrapper(io.BytesIO())
    stdin, sys.stdin = sys.stdin, given
    try:
        with contextlib.redirect_stdout(said):
            if importlib.import_module(f"{survey.module}.__main__").main(survey.argv):
                raise RuntimeError(f"{survey.module} failed")
    finally:
        sys.stdin = stdin
    return json.loads(said.buffer.getvalue())


def end_with(call):
    """Ends this process as soon as the call does, with the exit code that it returns."""
    code = 70
    try:
        code = call()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 -- told, and then this process ends
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)


class Forked:
    """A worker in the place of `subprocess.Popen`: the same argv and pipes, without the seconds of its imports."""

    def __init__(self, argv, **_):
        ends = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = ends
        self.returncode = None
        self.pid = os.fork()
        if self.pid == 0:
            POINT.role = "worker"
            for theirs, number in ((theirs_in, 0), (theirs_out, 1), (theirs_err, 2)):
                os.dup2(theirs, number)
            for end in itertools.chain(*ends):
                os.close(end)
            sys.stdin, sys.stdout, sys.stderr = (os.fdopen(i, mode, closefd=False) for i, mode in enumerate("rww"))
            end_with(lambda: services_main(argv[3:]))
        for end in (theirs_in, theirs_out, theirs_err):
            os.close(end)
        self.stdin, self.stdout, self.stderr = os.fdopen(ours_in, "w"), os.fdopen(ours_out), os.fdopen(ours_err)

    def poll(self):
        return self._ended(os.WNOHANG)

    def wait(self, timeout=None):
        until_s = time.monotonic() + (LIFE_LIMIT_S if timeout is None else timeout)
        while self._ended(os.WNOHANG) is None:
            if time.monotonic() > until_s:
                raise subprocess.TimeoutExpired("work", timeout)
            time.sleep(0.002)
        return self.returncode

    def terminate(self):
        self._signal(signal.SIGTERM)

    def kill(self):
        self._signal(signal.SIGKILL)

    def _signal(self, number):
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _ended(self, options):
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, options)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


@dataclass
class Life:
    """How a command ended. made: operations on the store. said: all it wrote. victim: as FaultPoint says."""

    code: int
    said: str
    made: int
    victim: str

    @property
    def answer(self):
        try:
            return json.loads(self.said[self.said.index("{") :])
        except ValueError:
            return {}

    @property
    def reason(self):
        return self.answer.get("error", {}).get("reason", "")

    @property
    def is_idle(self):
        """Whether it has found nothing to do: a run that was finished before, or a retry of nothing."""
        answers = self.answer.get("datasets", [self.answer])
        return all(answer.get("nothing_to_do") or answer.get("shards") == [] for answer in answers)


def live(words, at=0):
    """One life of a command, in a process of its own that is no child's parent when it has ended."""
    POINT.arm(at)
    # What a life leaves behind becomes this process's child, whose end can be waited for.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
            end_with(lambda: cli.main([*map(str, words), "-o", "json"]))
        code = ended(pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        # A forked worker holds the lock of its orchestrator until it is gone.
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-pid, 0)
        said.seek(0)
        return Life(code, said.read().decode(errors="replace"), POINT.num_made, POINT.victim)


def ended(pid):
    until_s = time.monotonic() + LIFE_LIMIT_S
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until_s:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return -signal.SIGALRM
        time.sleep(0.002)


@dataclass
class Scenario:
    """before: the command that has made what the outputs hold already. fix: what is done to the inputs then. words:
    the command that is killed. again: what is said after that, in order. mended: inputs of which all are broken once,
    and mended one after the other, each with a retry.
    """

    folder: Path
    root: str
    words: list
    again: list
    takes_all: bool
    before: list = field(default_factory=list)
    alike: list = field(default_factory=list)
    fix: object = None
    mended: list = field(default_factory=list)

    @property
    def template(self):
        return self.folder / "template"

    def prepare(self):
        if self.before:
            must(live(at_place(self.before, self.template)))
        if self.fix:
            self.fix()

    def new_place(self, name):
        """An output as it is before the command, at a place of its own."""
        place = join_uri(self.root, name)
        if self.before:
            shutil.copytree(self.template, place)
            for path in Path(place, paths.STATE_DIR).rglob("*.json*"):
                path.write_bytes(path.read_bytes().replace(str(self.template).encode(), place.encode()))
        return place


def at_place(words, place):
    return [place if word == "OUT" else word for word in words]


def must(life):
    if life.code not in (0, 3):
        raise RuntimeError(f"exit {life.code}: {life.said[-3000:]}")
    return life


@dataclass
class Tree:
    """What lies in a place: published files and what the state tells of the run, by name; temporary files by name."""

    files: dict
    state: dict

    @classmethod
    def at(cls, place):
        store = open_store(place)
        data = {entry.name: store.read(entry.name) for entry in store.list()}
        files = {
            name: hashlib.sha256(value).hexdigest()
            for name, value in data.items()
            if paths.STATE_DIR not in name.split("/") and name.rpartition("/")[2] not in HOLD_TIMES
        }
        state = {
            name: _lasting(name, value, place)
            for name, value in data.items()
            if paths.STATE_DIR in name.split("/") and "/lease" not in name and "/logs/" not in name
        }
        return cls(files, state)

    def differs(self, other):
        """Names of which the two say different things."""
        both = [(self.files, other.files), (self.state, other.state)]
        return sorted(name for a, b in both for name in {*a, *b} if a.get(name) != b.get(name))


def _lasting(name, data, place):
    """What of a state file must be the same however often a run was killed: not times, nor how often it was tried."""
    text = data.decode(errors="backslashreplace").replace(place, "OUT")
    if name.endswith(f"/{paths.DONE}"):
        done = json.loads(text)
        return {key: done[key] for key in ("shard", "outputs", "inputs", "records", "counts", "num_quarantined")}
    return hashlib.sha256(text.encode()).hexdigest()


def check_point(scenario, at, before, whole):
    """Kills at one operation and carries on. Returns (who was killed at what, what is wrong)."""
    place = scenario.new_place(f"killed-at-{at}")
    wrong = []
    life = live(at_place(scenario.words, place), at)
    if not life.victim:
        return "", [f"only {life.made} operations were made, exit {life.code}: {life.said[-1000:]}"]
    left = Tree.at(place)
    if "meta.json" in left.files and left.files not in (before.files, whole.files):
        wrong.append(f"meta.json stands beside what is not whole: {left.differs(whole)}")
    for words in scenario.again:
        carried_on = live(at_place(words, place))
        if carried_on.code not in (0, 3) and carried_on.reason != "NO_RUN":
            wrong.append(f"{words[0]} ended with {carried_on.code}: {carried_on.said[-2000:]}")
        if not Tree.at(place).differs(whole):
            break
    after = Tree.at(place)
    if after.differs(whole):
        wrong.append(f"carried on, these differ: {after.differs(whole)}")
    idle = live(at_place(scenario.again[at % len(scenario.again)], place))
    if not idle.is_idle or Tree.at(place).differs(whole):
        wrong.append(f"given once more, it has something to do: {idle.said[-1000:]}")
    if "://" not in place:
        wrong += [f"{path} is left" for path in Path(place).iterdir() if path.name.startswith(TEMP_PREFIX)]
        shutil.rmtree(place)
    return life.victim, wrong


def check_lane(scenario, points, before, whole, file):
    """Every point of a lane; a line of JSON each."""
    for at in points:
        try:
            victim, wrong = check_point(scenario, at, before, whole)
        except Exception:  # noqa: BLE001 -- told as what is wrong at this point
            victim, wrong = "", [traceback.format_exc()]
        file.write(json.dumps({"at": at, "victim": victim, "wrong": wrong}) + "\n")
        file.flush()
    return 0


def check_all(scenario):
    """Every point, in a few lanes at a time. Returns what was found at each, in order."""
    scenario.prepare()
    POINT.takes_all = scenario.takes_all
    before = Tree.at(scenario.new_place("before"))
    place = scenario.new_place("whole")
    num_operations = must(live(at_place(scenario.words, place))).made
    whole = Tree.at(place)
    if scenario.alike:
        alone = join_uri(scenario.root, "alone")
        must(live(at_place(scenario.alike, alone)))
        if Tree.at(alone).files != whole.files:
            raise RuntimeError(f"{scenario.words[0]} publishes other files than {scenario.alike[0]}")
    lanes = []
    for i in range(NUM_LANES):
        file = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- the lane writes it, and this process reads it later
        points = range(1 + i, num_operations + 1, NUM_LANES)
        pid = os.fork()
        if pid == 0:
            POINT.forget_other_lanes()
            end_with(functools.partial(check_lane, scenario, points, before, whole, file))
        lanes.append((pid, file))
    found = []
    for pid, file in lanes:
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("a lane broke off")
        file.seek(0)
        found += [json.loads(line) for line in file]
    # Last, since it changes the inputs' times.
    if scenario.mended:
        check_mended(scenario, whole)
    return sorted(found, key=lambda point: point["at"])


def check_mended(scenario, whole):
    """A run of which no clip is whole ends with 65, and retries of the mended ones with the files of a run of them."""
    place, before = scenario.new_place("mended"), {path: path.read_bytes() for path in scenario.mended}
    for path in scenario.mended:
        path.write_bytes(BROKEN)
    lives = [live(at_place(scenario.words, place))]
    for path, data in before.items():
        path.write_bytes(data)
        lives.append(live(["retry", "--output-root", place, "--quiet"]))
    if [life.code for life in lives] != [65, *[3] * len(before)]:
        raise RuntimeError("\n".join(f"exit {life.code}: {life.said[-2000:]}" for life in lives))
    if Tree.at(place).files != whole.files:
        raise RuntimeError(f"mended, these differ: {[n for n in Tree.at(place).differs(whole) if n in whole.files]}")


def check_full_disk(scenario, folder):
    """A run onto a small file system, with less and more room: told what it was about to write where it found none."""
    place, ballast, told = join_uri(folder, "out"), Path(folder, "ballast"), []
    scenario.prepare()
    whole_place = str(scenario.folder / "whole")
    must(live(at_place(scenario.words, whole_place)))
    whole, disk = Tree.at(whole_place), os.statvfs(folder)
    for num_free in range(8 << 10, disk.f_bsize * disk.f_bavail, 16 << 10):
        ballast.write_bytes(bytes(disk.f_bsize * disk.f_bavail - num_free))
        life = live([*at_place(scenario.words, place), "--ignore-free-space"])
        ballast.unlink()
        if life.code in (0, 3):
            break
        left = Tree.at(place)
        told.append(
            {
                "free": num_free,
                "code": life.code,
                "said": life.said,
                "is_torn": "meta.json" in left.files and left.files != whole.files,
            }
        )
        must(live(at_place(scenario.words, place)))
        told[-1]["differs"] = [name for name in Tree.at(place).differs(whole) if name in whole.files]
        shutil.rmtree(place)
    return told


def clips_of_grid(inputs):
    """Three clips in two shards, one of them broken. Returns the broken one's path."""
    folder = inputs / "s1_processed"
    (folder / "align").mkdir(parents=True)
    for name in ("bbaf0n", "bbaf1n", "bbaf2n"):
        (folder / f"{name}.mpg").write_bytes(f"a video, {name}".encode())
        (folder / "align" / f"{name}.align").write_text("0 23750 sil\n23750 29500 bin\n")
    broken = folder / "bbaf1n.mpg"
    broken.write_bytes(BROKEN)
    return broken


def clips_of_sign(inputs):
    """Two folders of two clips."""
    for word in ("first", "second"):
        (inputs / word).mkdir(parents=True)
        for i in range(2):
            (inputs / word / f"{word}{i}.mp4").write_bytes(f"a video, {word} {i}".encode())


def clips_of_tts(inputs):
    """Two clips and a broken one, a line without text, and a tokenizer of their texts. Returns the manifest."""
    text = "ሰላም ለዓለም"
    inputs.mkdir()
    lines = []
    for name in ("first", "second", "third"):
        (inputs / f"{name}.wav").write_bytes(BROKEN if name == "third" else f"a sound, {name}".encode())
        lines.append({"id": f"said/{name}", "text": text, "audio": f"{name}.wav", "speaker": name[0]})
    lines.append({"id": "mute", "audio": "first.wav"})
    manifest = inputs / "manifest.jsonl"
    manifest.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text] * 8),
        model_prefix=str(inputs / "tokenizer"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return manifest


def video_of_a_person(inputs):
    """Its path."""
    inputs.mkdir()
    (inputs / "anna.mp4").write_bytes(b"a video of anna")
    return inputs / "anna.mp4"


def scenario_of(name, folder, root):
    inputs = folder / "in"
    run = ["run", "grid", "--input-root", inputs, "--output-root", "OUT", "--num-shards", 2, "--workers", 1, "--quiet"]
    resume, retry = ["resume", "--output-root", "OUT", "--quiet"], ["retry", "--output-root", "OUT", "--quiet"]
    if name == "run":
        clips_of_grid(inputs)
        return Scenario(folder, root, run, [resume, run], takes_all="://" in root)
    if name == "retry":
        broken = clips_of_grid(inputs)
        fix = functools.partial(broken.write_bytes, b"a video that was fixed")
        return Scenario(folder, root, retry, [retry, resume], takes_all=False, before=run, alike=run, fix=fix)
    if name == "retry-left-out":
        left_out = clips_of_grid(inputs)
        left_out.write_bytes(b"")
        fix = functools.partial(left_out.write_bytes, b"a video that was fixed")
        return Scenario(folder, root, retry, [retry, resume], takes_all=False, before=run, alike=run, fix=fix)
    if name == "append":
        clips_of_sign(inputs)
        flags = ["OUT", "--write-keypoints", "--num-shards", 2, "--workers", 1, "--quiet", "--append"]
        before = ["run", "sign", inputs / "first", *flags, "--id", 1]
        second = ["run", "sign", inputs / "second", *flags, "--id", 2]
        return Scenario(folder, root, second, [resume, second], takes_all=True, before=before)
    if name in ("tts", "tts-full-disk"):
        manifest = clips_of_tts(inputs)
        run = ["run", "tts", "--manifest", manifest, "--tokenizer", inputs / "tokenizer.model", "--output-dir", "OUT"]
        run += ["--device", "cpu", "--hf-cache-dir", inputs, "--num-shards", 1, "--val-count", 1, "--quiet"]
        mended = [inputs / "first.wav", inputs / "second.wav"]
        return Scenario(folder, root, run, [resume, run], takes_all=False, mended=mended)
    if name == "talker":
        run = ["run", "talker", "--video-path", video_of_a_person(inputs), "--name", "anna", "--asr-model", "mel"]
        run += ["--frame-format", "jpg", "--dataset-dir", "OUT", "--workers", 1, "--quiet"]
        return Scenario(folder, root, run, [run, run], takes_all=False)
    raise SystemExit(f"no scenario {name!r}")


def do_once_what_lives_do_alike():
    """What a life would else import and build each time."""
    whole = cli.build_parser()
    cli.build_parser = lambda *_: whole
    for module in (
        "services.records.grid.writer",
        "services.records.sign.writer",
        "services.records.talker.writer",
        "services.records.tts.writer",
        "services.text.coverage.__main__",
        "services.base.store.s3.bucket",
        "numpy.ma",
    ):
        importlib.import_module(module)
    for stages in (
        "decode,audio,landmarks,sound,audiofeatures,talkerfiles",
        "decode,landmarks,records",
        "decode,keypoints,signfiles",
        "audio,fbank,speech,ttsfiles",
    ):
        in_this_process(stages, "describe", limit_s=0)
    gc.freeze()


def main(name, folder, root=""):
    folder = Path(folder)
    do_once_what_lives_do_alike()
    count_operations(folder / "in", changes_alone=name.startswith(("tts", "talker")))
    quick = {"tts": QuickSpeechPass, "talker": QuickPersonPass}
    services.base.worker.work.PassChild = quick.get(name.partition("-")[0], QuickPass)
    orchestrator.execution.local_workers.subprocess = SimpleNamespace(
        Popen=Forked, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired
    )
    orchestrator.planner.services.run_service = in_this_process
    orchestrator.planner.planning.answer_of = answered_in_this_process
    # A shard whose worker was killed is tried again at once.
    orchestrator.runs.map.decision._BACKOFF = Backoff(first_s=0.01, most_s=60.0)
    scenario = scenario_of(name, folder, root or str(folder))
    print(json.dumps(check_full_disk(scenario, root) if name == "tts-full-disk" else check_all(scenario)))


if __name__ == "__main__":
    main(*sys.argv[1:])
