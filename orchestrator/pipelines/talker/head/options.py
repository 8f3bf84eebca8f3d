"""PURE: what a user may choose of a talking head's training: the flags of SyncTalk_2D's train_328.py, and ours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.base.errors import BadConfig
from services.base.stage.fields import FileRef, option
from services.lips.talker_input import AsrChoice
from services.training.data.talker.names import names_of
from services.training.recipes.talker.spec import Resolution
from services.training.recipes.talker_syncnet.spec import SyncNetConfig
from services.training.recipes.talker_unet.spec import UNetConfig
from services.training.recipes.talker_unet.test_settings import JUDGES
from services.training.spec import Device

_DATA, _NETWORK, _SYNC, _OUTPUT = "data set", "training", "SyncNet", "output"
_KEEP_ALL = 1_000_000
NO_SYNCNET = "none"


@dataclass(frozen=True)
class HeadOptions:
    """Of a training of both networks. Raises BadConfig BAD_FLAGS for flags that contradict each other, and ValueError
    for what no training can be.
    """

    names: str = option(
        "", "the person, by the name of the preprocessed folder; repeated: one head for several", group=_DATA,
        metavar="NAME", aliases=("--name",), several=True,
    )  # fmt: skip
    dataset_dir: FileRef = option(
        "dataset", "the person's folder, or the folder that holds it below its name", group=_DATA, metavar="FOLDER"
    )
    asr: AsrChoice = option(
        "", "features of the sound (default: hubert where it is there, else the one that is)", group=_DATA
    )
    consent: FileRef = option(
        "", "statement of consent of the persons that the head shows; asked once a head", group=_DATA, metavar="FILE"
    )
    checkpoint_dir: FileRef = option("checkpoint", "folder of all checkpoints", group=_OUTPUT, metavar="FOLDER")
    save_dir: FileRef = option(
        "", "folder of this head's checkpoints (default: NAME below --checkpoint-dir)", group=_OUTPUT, metavar="FOLDER"
    )
    save_every: int = option(25, "epochs between two saved weights", group=_OUTPUT, unit="epochs")
    see_res: bool = option(False, "pictures of what is painted after each saved epoch", group=_OUTPUT)
    num_epochs: int = option(100, "times that each frame is learnt from, in all", group=_NETWORK, aliases=("--epochs",))
    batch_size: int = option(8, "frames of a micro-batch", group=_NETWORK, aliases=("--batchsize",))
    learning_rate: float = option(1e-3, "greatest step of Adam", group=_NETWORK, aliases=("--lr",))
    continue_training: bool = option(
        False, "go on from the epochs of the last training of this head; --epochs counts them too", group=_NETWORK
    )
    mouth_weight: float = option(4.0, "weight of differences within the box of the mouth", group=_NETWORK)
    sync_weight: float = option(
        10.0, "hundredths of what a painted face lacks of the real one's likeness to its sound", group=_NETWORK
    )
    temporal_weight: float = option(
        0.0, "of how the mouth changes from a frame to the next, beside the difference of pictures", group=_NETWORK
    )
    vgg19: FileRef = option(
        "", "file of `visemill models convert vgg19`, by which painted faces are compared as they look (default: not)",
        group=_NETWORK,
    )  # fmt: skip
    perceptual_weight: float = option(0.01, "of that comparison, beside the difference of pictures", group=_NETWORK)
    landmark_model: FileRef = option(
        "",
        "ONNX file of PFLD, which finds lips in painted and in real held-out faces after each epoch (default: not)",
        group=_NETWORK,
    )
    resolution: Resolution = option("328", "side of the crops", group=_NETWORK, unit="px")
    width: float = option(1.0, "factor on the networks' channels; 1 is the document's", group=_NETWORK)
    seed: int = option(1, "what all that is drawn at random is drawn from", group=_NETWORK)
    device: Device = option("auto", "a GPU where there is one, else the CPU", group=_NETWORK)
    num_ranks: int = option(1, "processes that train together", group=_NETWORK)
    accumulation_steps: int = option(
        0, "micro-batches of an optimiser step, over all ranks; 0: one a rank", group=_NETWORK
    )
    num_threads: int = option(0, "cores of each rank; 0: its share of them", group=_NETWORK)
    train_syncnet: bool = option(
        False, "train a SyncNet first, and let it judge the head; one that is there is not trained again", group=_SYNC
    )
    syncnet_epochs: int = option(100, "times that the SyncNet learns from each frame", group=_SYNC)
    syncnet_batch_size: int = option(32, "frames of a micro-batch of the SyncNet", group=_SYNC)
    syncnet_checkpoint_path: FileRef = option(
        "", "file of a trained SyncNet, also of another person, that judges the head", group=_SYNC
    )
    use_syncnet: bool = option(False, "let the SyncNet of --syncnet-checkpoint judge the head", group=_SYNC)
    syncnet_checkpoint: FileRef = option("", "file of the SyncNet of --use-syncnet", group=_SYNC)
    force_syncnet: bool = option(
        False, "use the SyncNet also where it does no better than chance on held-out frames", group=_SYNC
    )

    def __post_init__(self) -> None:
        if self.use_syncnet and not self.syncnet_checkpoint:
            raise BadConfig(
                "BAD_FLAGS", "--use-syncnet is given without --syncnet-checkpoint FILE: name the SyncNet's file"
            )
        given = {
            "--train-syncnet": self.train_syncnet,
            "--syncnet-checkpoint-path": bool(self.syncnet_checkpoint_path),
            "--use-syncnet with --syncnet-checkpoint": bool(self.syncnet_checkpoint),
        }
        if len(both := [flag for flag, is_given in given.items() if is_given]) > 1:
            raise BadConfig(
                "BAD_FLAGS", f"{' and '.join(both)} are given, and a head has one SyncNet: give one of them"
            )
        if self.syncnet_epochs < 1:
            raise ValueError(f"syncnet_epochs is {self.syncnet_epochs}: give 1 or more")
        names_of(self.names)
        # Whatever else cannot be, before an hour of work is done.
        self.unet("", ())
        self.syncnet("", ())

    @property
    def syncnet_file(self) -> str:
        """Of a SyncNet that is there already; empty: none is given."""
        return self.syncnet_checkpoint_path or self.syncnet_checkpoint

    def syncnet(self, data_root: str, names: tuple[str, ...]) -> SyncNetConfig:
        """Settings of its training. Raises ValueError."""
        return SyncNetConfig(
            data_root=data_root,
            names="\n".join(names),
            asr=self.asr,
            num_epochs=self.syncnet_epochs,
            accumulation_steps=self.accumulation_steps or self.num_ranks,
            batch_size=self.syncnet_batch_size,
            resolution=self.resolution,
            width=self.width,
            seed=self.seed,
            device=self.device,
            num_threads=self.num_threads,
            save_every=self.save_every,
            keep_last_n=_KEEP_ALL,
            script_files=True,
        )

    def unet(self, data_root: str, names: tuple[str, ...], syncnet_file: str = "", resume: str = "") -> UNetConfig:
        """Settings of its training. Raises ValueError."""
        return UNetConfig(
            data_root=data_root,
            names="\n".join(names),
            asr=self.asr,
            num_epochs=self.num_epochs,
            accumulation_steps=self.accumulation_steps or self.num_ranks,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            mouth_weight=self.mouth_weight,
            sync_weight=self.sync_weight,
            temporal_weight=self.temporal_weight,
            vgg19=self.vgg19,
            perceptual_weight=self.perceptual_weight,
            landmark_model=self.landmark_model,
            use_syncnet=bool(syncnet_file),
            syncnet_checkpoint=syncnet_file,
            resolution=self.resolution,
            width=self.width,
            seed=self.seed,
            device=self.device,
            num_threads=self.num_threads,
            save_every=self.save_every,
            keep_last_n=_KEEP_ALL,
            script_files=True,
            see_res=self.see_res,
            resume=resume,
            consent=self.consent,
        )

    def with_asr(self, asr: AsrChoice) -> HeadOptions:
        return replace(self, asr=asr)


@dataclass(frozen=True)
class UnifiedOptions(HeadOptions):
    """Of preprocessing and training in one command, as the original's script training_328 does. Raises likewise."""

    asr: AsrChoice = option("ave", "features of the sound", group=_DATA)
    asr_weights: FileRef = option("", "weights of --asr, such as audio_encoder.pth of ave", group=_DATA)
    train_syncnet: bool = option(True, "train a SyncNet first, and let it judge the head", group=_SYNC)
    gpu: int = option(-1, "number of the GPU; where it is not there the CPU is used (default: any)", group=_NETWORK)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(names_of(self.names)) != 1:
            raise BadConfig("BAD_FLAGS", "one video is of one person: give one --name")


@dataclass(frozen=True)
class HeadTestOptions:
    """Of a test of a head."""

    names: str = option(
        "", "persons to test on, by the names of their folders; may be repeated (default: all)", group=_DATA,
        metavar="NAME", aliases=("--name",), several=True,
    )  # fmt: skip
    dataset_dir: FileRef = option(
        "dataset", "the person's folder, or the folder that holds it below its name", group=_DATA, metavar="FOLDER"
    )
    whole: bool = option(
        False, "all frames of these persons, whom the training has not seen; else what it held out", group=_DATA
    )
    checkpoint_dir: FileRef = option("checkpoint", "folder of all checkpoints", group=_NETWORK, metavar="FOLDER")
    checkpoint: FileRef = option(
        "", "file to test (default: best_model.pt in NAME below --checkpoint-dir)", group=_NETWORK
    )
    asr: AsrChoice = option(
        "", "features that the file follows; needed of one of the original's code, which does not say it",
        group=_NETWORK,
    )  # fmt: skip
    seed: int = option(1, "what the resampling is drawn from", group=_DATA)
    landmark_model: FileRef = option(
        "", "ONNX file of PFLD, which finds lips in painted and in real faces (default: they are not compared)",
        group=JUDGES,
    )  # fmt: skip
    syncnet_checkpoint: FileRef = option(
        "",
        "file of a SyncNet that is asked how well painted faces fit the sound, or `none` (default: the one that was "
        "trained beside this head, in syncnet_NAME below --checkpoint-dir)",
        group=JUDGES,
    )
    inception_model: FileRef = option(
        "", "ONNX file of InceptionV3, by which FID of painted faces is computed (default: it is not)", group=JUDGES
    )

    def __post_init__(self) -> None:
        if not (names_of(self.names) or self.checkpoint):
            raise BadConfig("BAD_FLAGS", "say which head: --name NAME, or --checkpoint FILE")
