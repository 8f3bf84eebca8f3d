"""Both networks in one command: what is trained, skipped, refused and told, as of commands that leave their files."""

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.pipelines.talker.head import ahead
from orchestrator.pipelines.talker.head import chain as head
from orchestrator.pipelines.talker.head.options import HeadOptions, HeadTestOptions, UnifiedOptions
from services.base.errors import BadConfig


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The lines that were given; each training leaves its result, and a test says how much better than chance it is."""
    monkeypatch.chdir(tmp_path)
    for folder, file in (("full_body_img", "0.jpg"), ("landmarks", "0.lms")):
        (tmp_path / "dataset" / "obama" / folder).mkdir(parents=True)
        (tmp_path / "dataset" / "obama" / folder / file).touch()
    (tmp_path / "dataset" / "obama" / "aud_ave.npy").touch()
    Path("consent.json").write_text('{"who": ["obama"], "what_for": "a test", "when": "2026-01-02"}')
    given: list[list[str]] = []

    def answer(argv: list[str], environment: dict[str, str]) -> dict[str, object]:
        if argv[0] != "pin":
            given.append(list(argv))
        if argv[0] == "test":
            share = {"share": 0.9, "interval": [0.8, 0.95]}
            return {"own": {"frames": share}, "is_better_than_chance": not Path("bad").exists()}
        if argv[0] == "train":
            folder = Path(next(word for word in argv if word.startswith("--checkpoint-dir=")).partition("=")[2])
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("best_model.pt", "7.pth", "checkpoint_latest.pt"):
                (folder / name).touch()
        return {"finished": True}

    monkeypatch.setattr(head, "answer_of_command", answer)
    monkeypatch.setattr(ahead, "answer_of_command", answer)
    return given


def value(argv: list[str], flag: str) -> str:
    return next((word.partition("=")[2] for word in argv if word.startswith(f"{flag}=")), "")


def test_a_syncnet_is_trained_tested_and_used_and_the_next_time_it_is_there(commands, capsys):
    found = head.train(HeadOptions(names="obama", consent="consent.json", train_syncnet=True))
    assert [line[:2] for line in commands] == [
        ["train", "talker-syncnet"], ["test", "talker-syncnet"], ["train", "talker-unet"]
    ]  # fmt: skip
    best = str(Path("checkpoint/syncnet_obama/training-100/best_model.pt").absolute())
    assert value(commands[2], "--syncnet-checkpoint") == best == found.data["syncnet"]
    assert "--whole" not in commands[1] and value(commands[2], "--asr") == "ave"
    assert "aud_ave.npy is there, and is taken" in capsys.readouterr().err
    assert Path("checkpoint/obama/7.pth").exists() and Path("checkpoint/syncnet_obama/7.pth").exists()
    state = json.loads(Path("dataset/obama/.training_state.json").read_text())
    assert state["syncnet_training"]["checkpoint"].endswith("checkpoint/syncnet_obama/7.pth")
    assert state["main_training"]["epochs"] == 100 and len(state["main_training"]["checkpoints"]) == 1
    commands.clear()
    head.train(HeadOptions(names="obama", consent="consent.json", train_syncnet=True, syncnet_epochs=50))
    assert [line[:2] for line in commands] == [["test", "talker-syncnet"], ["train", "talker-unet"]]


def test_a_state_file_is_not_believed(commands):
    claim = {"syncnet_training": {"completed": True, "epochs": 100, "checkpoint": "x.pth"}}
    Path("dataset/obama/.training_state.json").write_text(json.dumps(claim))
    head.train(HeadOptions(names="obama", consent="consent.json", train_syncnet=True))
    assert commands[0][:2] == ["train", "talker-syncnet"]


@pytest.mark.parametrize(("force", "used"), [(False, ""), (True, "other.pth")])
def test_a_syncnet_of_another_is_asked_on_this_person_and_at_chance_used_only_if_forced(commands, capsys, force, used):
    Path("bad").touch()
    head.train(
        HeadOptions(names="obama", consent="consent.json", syncnet_checkpoint_path="other.pth", force_syncnet=force)
    )
    assert commands[0][:2] == ["test", "talker-syncnet"] and "--whole" in commands[0]
    assert value(commands[1], "--syncnet-checkpoint") == used
    assert "90.0% (80.0% to 95.0%)" in (said := capsys.readouterr().err) and ("AT CHANCE" in said) is not force


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "CONSENT_MISSING"),
        ({"consent": "of_may.json"}, "CONSENT_OF_OTHERS"),
        ({"save_dir": "consent.json"}, "ROOT_MISSING"),
        ({"continue_training": True, "num_epochs": 20}, "ALL_EPOCHS_DONE"),
        ({"num_epochs": 30}, "BEGUN_WITHOUT_SYNCNET"),
    ],
)
@pytest.mark.parametrize("begin", [head.train, head.unified])
def test_what_refuses_the_head_is_said_before_anything_is_trained(commands, begin, given, reason):
    Path("of_may.json").write_text('{"who": ["may"], "what_for": "a test", "when": "2026-01-02"}')
    Path("checkpoint/obama/training-30").mkdir(parents=True)
    Path("checkpoint/obama/training-30/best_model.pt").touch()
    options = {"names": "obama", "train_syncnet": True, "asr": "ave"}
    if reason != "CONSENT_MISSING":
        given = {"consent": "consent.json", **given}
    with pytest.raises(BadConfig, match=reason):
        begin((UnifiedOptions if begin is head.unified else HeadOptions)(**options, **given))
    assert [line[0] for line in commands if line[0] != "run"] == []
    if reason.startswith("CONSENT"):
        assert commands == []


def test_a_head_that_goes_on_takes_its_consent_along(commands):
    state = Path("checkpoint/obama/training-30/.visemill")
    state.mkdir(parents=True)
    (state.parent / "best_model.pt").touch()
    Path("consent.json").rename(state / "consent.json")
    head.train(HeadOptions(names="obama", continue_training=True, num_epochs=60))
    assert value(commands[0], "--consent") == str((state / "consent.json").absolute())


def test_epochs_are_counted_in_all_where_it_goes_on(commands, capsys):
    head.train(HeadOptions(names="obama"))
    head.train(HeadOptions(names="obama", continue_training=True, num_epochs=200))
    latest = str(Path("checkpoint/obama/training-100/checkpoint_latest.pt").absolute())
    assert (value(commands[1], "--resume"), value(commands[1], "--num-epochs")) == (latest, "200")
    with pytest.raises(BadConfig, match="ALL_EPOCHS_DONE"):
        head.train(HeadOptions(names="obama", continue_training=True, num_epochs=50))
    head.train(HeadOptions(names="obama", save_dir="new", continue_training=True))
    assert "nothing to continue" in capsys.readouterr().err


def test_a_training_that_was_broken_off_is_ended_first(commands):
    Path("checkpoint/obama/training-30/.visemill").mkdir(parents=True)
    Path("checkpoint/obama/training-30/.visemill/claim.json").touch()
    head.train(HeadOptions(names="obama", continue_training=True, num_epochs=60))
    assert [value(line, "--num-epochs") for line in commands] == ["30", "60"]


def test_the_unified_script_preprocesses_first_and_does_without_a_gpu_that_is_not_there(commands, capsys):
    head.unified(UnifiedOptions(names="obama", consent="consent.json", gpu=4321))
    assert [line[:2] for line in commands] == [
        ["run", "talker"], ["train", "talker-syncnet"], ["test", "talker-syncnet"], ["train", "talker-unet"]
    ]  # fmt: skip
    assert value(commands[0], "--video-path") == "dataset/obama/obama.mp4" and "--device=cpu" in commands[3]
    assert "there is no GPU 4321 here: the CPU is used" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "num_micro_batches"), [({}, "3"), ({"accumulation_steps": 4}, "4")])
def test_each_of_several_ranks_has_a_micro_batch_of_every_step(commands, given, num_micro_batches):
    head.train(HeadOptions(names="obama", consent="consent.json", train_syncnet=True, num_ranks=3, **given))
    trainings = [line for line in commands if line[0] == "train"]
    assert [value(line, "--num-ranks") for line in trainings] == ["3", "3"]
    assert [value(line, "--accumulation-steps") for line in trainings] == [num_micro_batches] * 2


def test_the_command_that_tests_the_head_names_its_persons_and_places(commands, tmp_path):
    told = head.train(HeadOptions(names="obama", consent="consent.json")).text
    assert told.endswith("test it: visemill test talker --name=obama")
    shutil.copytree("dataset/obama", "dataset/ada")
    Path("both.json").write_text('{"who": ["ada", "obama"], "what_for": "a test", "when": "2026-01-02"}')
    told = head.train(HeadOptions(names="ada\nobama", consent="both.json", checkpoint_dir="heads")).text
    file = tmp_path / "heads" / "ada_obama" / "best_model.pt"
    words = f"--name=ada --name=obama --dataset-dir={tmp_path}/dataset --checkpoint={file}"
    assert told.endswith(f"test it: visemill test talker {words}")


@pytest.mark.parametrize(
    ("is_there", "given", "asked"), [(False, "", ""), (True, "", "own"), (True, "none", ""), (True, "x.pth", "x.pth")]
)
def test_the_test_of_a_head_asks_the_syncnet_that_was_trained_beside_it(
    commands, tmp_path, monkeypatch, is_there, given, asked
):
    settings = []
    monkeypatch.setattr(head, "outcome_of", lambda *words: settings.append(words[2]))
    own = tmp_path / "checkpoint/syncnet_obama/best_model.pt"
    if is_there:
        own.parent.mkdir(parents=True)
        own.touch()
    head.test(HeadTestOptions(names="obama", syncnet_checkpoint=given))
    assert Path(settings[0].syncnet_checkpoint or "none").name == {"own": own.name, "": "none"}.get(asked, asked)
