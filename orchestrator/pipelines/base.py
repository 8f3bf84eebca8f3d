"""What a pipeline is to the orchestrator: stages in order, a reader of its data set, and how its run is finished."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from orchestrator.pipelines.data_sets import Adoption, Change, DatasetFlag, NameSets, NumberFlags, OutputFlag
from orchestrator.pipelines.needs import Need
from orchestrator.pipelines.prediction import Prediction, Sampled
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.passes import GangPlan
from services.base.run.spec import QuarantineEntry, RunSpec, ShardCommit
from services.base.stage.spec import ByName

if TYPE_CHECKING:
    from orchestrator.pipelines.files import Files
    from orchestrator.pipelines.surveys import PlanChecks, Planned
    from services.base.store.interface import Entry, Store


@dataclass(frozen=True)
class DataSet:
    """What a reader found.

    rows: clips to process. problems: files that will not become records, with reasons.
    notes: what the user should hear before the run. details: what finishing needs; part of the run's digest. appends:
    whether the clips add to what the output holds. roots: where media lie that are below no input root. num_shards: of
    the run where its options leave that to the reader; 0: the options say it.
    """

    rows: ClipTable
    problems: tuple[QuarantineEntry, ...] = ()
    notes: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    appends: bool = False
    roots: tuple[str, ...] = ()
    num_shards: int = 0


@dataclass(frozen=True)
class Made:
    """What the runs of an output have made, for what is written last. All but the commits may be gone through again.

    done: commits. quality: a line a clip, in order of shard and position where one run alone has made the output.
    quarantine: lines of the clips that are not in it, those that planning left out first. clips: the frozen list of the
    run that publishes. leaks: contents that stand in two splits, in words. until_written: closes what the summaries
    are read from. earlier: specs of the runs before the last one, the oldest first.
    """

    spec: RunSpec
    done: Sequence[ShardCommit]
    quality: Iterable[Mapping[str, Any]]
    quarantine: Iterable[Mapping[str, Any]] = ()
    clips: Iterable[ClipRow] = ()
    leaks: Sequence[str] = ()
    until_written: ExitStack = field(default_factory=ExitStack)
    earlier: Sequence[RunSpec] = ()


Summaries = Mapping[str, Iterable[bytes]]
"""Name -> the pieces of a file, which may be gone through again."""


@dataclass(frozen=True)
class ReportTable:
    """A table of the report. rows: as many texts each as there are heads."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def no_report_tables(
    spec: RunSpec,  # noqa: ARG001
    quality: Sequence[Mapping[str, Any]],  # noqa: ARG001
    rows: Iterable[ClipRow],  # noqa: ARG001
) -> Sequence[ReportTable]:
    """For a pipeline of which the report says what it says of any."""
    return ()


OnLeak = Literal["stop", "report"]


@dataclass(frozen=True)
class Agreement:
    """How a payload and the same made again agree.

    problems: each names what differs; empty where they agree. deviations: of the fields that need not be equal, field
    -> its largest absolute difference, as a share of the field's standard deviation.
    """

    problems: tuple[str, ...] = ()
    deviations: Mapping[str, float] = field(default_factory=dict)


def same_bytes(spec: RunSpec, kept: bytes, made: bytes) -> Agreement:  # noqa: ARG001
    """For a pipeline whose products are the same bytes whenever they are made."""
    return Agreement() if kept == made else Agreement(("gives other bytes when it is made again",))


class Names(Protocol):
    """Names of published files, sorted, and whether one is among them; not held in memory all at once."""

    def __iter__(self) -> Iterator[str]: ...

    def __contains__(self, name: object, /) -> bool: ...


def no_rules(spec: RunSpec, outputs: Store, names: Names) -> Iterable[tuple[str, str]]:  # noqa: ARG001
    """For a pipeline whose outputs have no rules beyond their digests."""
    return ()


def no_tables(spec: RunSpec) -> frozenset[str]:  # noqa: ARG001
    """For a pipeline that writes nothing which a user edits."""
    return frozenset()


def never_judged(spec: RunSpec) -> bool:  # noqa: ARG001
    """For a pipeline that compares no clip's quality with another's."""
    return False


Settings = Mapping[str, Mapping[str, Any]]


def never_leak(spec: RunSpec) -> OnLeak:  # noqa: ARG001
    """For a pipeline whose splits share no content."""
    return "stop"


def nothing_predicted(settings: Settings, media_bytes: float) -> Prediction:  # noqa: ARG001
    """For a pipeline of whose products nothing is known before they are made."""
    return Prediction(0.0)


def whole_clips(settings: Settings) -> Sampled:  # noqa: ARG001
    """For a pipeline whose clips are short."""
    return Sampled()


def lacks_nothing(settings: Settings, held: Collection[str]) -> str:  # noqa: ARG001
    """For a pipeline whose libraries are in every image of workers."""
    return ""


def no_gangs(options: Any) -> tuple[GangPlan, ...]:  # noqa: ARG001
    """For a pipeline that ends with the records of its clips."""
    return ()


def checks_nothing(options: Any, rows: ClipTable, planned: Planned) -> PlanChecks | None:  # noqa: ARG001
    """For a pipeline of whose data nothing is measured before a run."""
    return None


def names_no_root(options: Any) -> str:  # noqa: ARG001
    """For a pipeline whose data set is an input root."""
    return ""


# The runs that an output holds already, the oldest first; asked for only where a reader adds to them.
EarlierRuns = Callable[[], Sequence[RunSpec]]


def no_earlier_runs() -> Sequence[RunSpec]:
    """For an output that holds none."""
    return ()


class Options(Protocol):
    """What every pipeline's options hold: a frozen dataclass of scalar fields, each with a default and with its help
    and group among its metadata (services/base/stage/fields.py). Flags are made from it. Raises BadConfig for a value
    out of range. num_shards: 0 where the reader says how many.
    """

    @property
    def num_shards(self) -> int: ...


@dataclass(frozen=True)
class Inputs:
    """What a reader reads.

    entries: the listing of the input roots as if they were one: names below a root; of a name in several the file of
    the first. input_root, output_root: absolute, or URIs. earlier: the runs that the output holds already.
    further_roots: input roots after the first. files: opens label maps, manifests and the like, and looks up what these
    name.
    """

    entries: Iterable[Entry]
    input_root: str = ""
    output_root: str = ""
    earlier: EarlierRuns = no_earlier_runs
    further_roots: tuple[str, ...] = ()
    files: Files = field(default_factory=ByName("orchestrator.pipelines.files:Files"))

    @property
    def input_roots(self) -> tuple[str, ...]:
        return (self.input_root, *self.further_roots)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as values and pure functions.

    options: the class of its options. stages: (name, settings) in order, from its options. read: (inputs, options) ->
    DataSet; raises BadConfig. count: (inputs, options) -> how many clips a run would find.
    check: (row, bytes of its extras) -> messages about labels, for `plan`.
    summary_files: what is written last, by name; of these the last one says that all the others are there.
    file_of: the output file that a clip's product is in, or the first of its files. payloads: (place, payload) of every
    product of an output file; raises BadInput when it is torn. The payload of a product of several files is their
    bytes one after another, by name.
    output_name: (spec, row, name of a file of the clip's product) -> the output file that it is, where each is one of
    its own; None, or an empty name: the product lies in its file_of.
    check_outputs: (spec, outputs, names of published files) -> (file, message) of each rule that one breaks, for
    `verify`.
    compare: (spec, a clip's payload in the output, the same made again) -> how far they agree, for `verify`.
    tables: of the summaries, those that a user may edit. lost: (specs of the output's runs, name of such a table, the
    table as it is there, as it would be written) -> what it says and would not say any more; else empty. None: every
    line of a table counts. derived_tables: of the tables, those that follow from the others, and so lose nothing.
    positionals: how the input and the output root are called where they may be given without a flag; the first may then
    be a file. input_flags: further spellings of --input-root. root_flag: what messages call the flag of the input
    root. image: of the project's, that which its pods run where none is given. default_root: (options) -> the input
    root where none is given, such as the folder of a manifest; empty: one must be. preview: the sidecar that the report
    shows; empty: a sheet is drawn from the output.
    product: what a clip becomes, in the plural. splits: those that its clips may go to, in the order that people are
    told of them; a single one is not told. append_flag: the flag with which a run adds to what its output holds; empty
    where none does. figures: (quality fact, its heading) of the report's table of clips. report_tables: (spec, a line
    of quality a clip, the run's clips) -> further tables of the report. plays: whether the report plays the clips'
    sound.
    clip_time_s, clip_memory_mib: limits on one clip where the command line gives none.
    free_settings: `stage.setting` of what decides no byte of an output, so that runs of one output may differ in it.
    leaves_out: reasons of `check` for which a run leaves the clip out; with the others it keeps and flags it.
    needs: (options) -> what `doctor` looks for; None: its stages. checked_options: names of options that name files and
    that `doctor` takes too. extra: of the distribution, without which the pipeline cannot run; empty: none.
    judges_clips: (spec) -> whether the clips of all shards are compared in the end, and odd ones flagged.
    image_lacks: (settings by stage, libraries of networks that an image of workers holds) -> why it cannot carry out
    the run, as a clause to which what else may be done is added; empty: it can.
    plan_checks: (options, rows, the run as it would be pinned) -> what is measured before it is.
    predict: (settings by stage, bytes of a clip's media on average) -> what a clip takes on disk.
    sampled: (settings by stage) -> what of a clip `plan` processes to predict.
    at_leak: (spec) -> what happens where two splits hold the same content: nothing is published, or it is reported.
    gangs: (options) -> the gang passes that follow the pass over the clips, in order.
    output_flag: of a single data set, beside --output-root. dataset_flag: how it reads --dataset; None:
    NAME[=INPUT_ROOT]. numbers: spellings of its numbers of processes. adoption: how its runs take over what an output
    holds already; None: they do not.
    sets: the data sets that its options name, each with an output directly below the root of all; None: those of
    --dataset. A run of several leaves out one that cannot be planned. change: how it is called that an output holds
    another run. check_added: (specs of the runs that an output holds, that of one which adds to it) -> raises BadConfig
    where they do not go together; None: their settings must be equal.
    restarts, only_plans: the option by which a run deletes what its output holds, and that by which `run` is `plan`;
    empty: none.
    writes: (name) -> whether it writes files of such a name: others may lie in its output before it; None: any.
    leave: (what was made, outputs) writes files that others change afterwards, once all else is in place; None: none.
    """

    name: str
    help: str
    options: type[Any]
    stages: Callable[[Any], tuple[tuple[str, Mapping[str, Any]], ...]]
    read: Callable[[Inputs, Any], DataSet]
    count: Callable[[Inputs, Any], int]
    check: Callable[[ClipRow, Mapping[str, bytes]], list[tuple[str, str]]]
    summary_files: Callable[[Made], Summaries]
    file_of: Callable[[RunSpec, ClipRow], str]
    payloads: Callable[[Store, str], Iterator[tuple[int, bytes]]]
    check_outputs: Callable[[RunSpec, Store, Names], Iterable[tuple[str, str]]] = no_rules
    compare: Callable[[RunSpec, bytes, bytes], Agreement] = same_bytes
    tables: Callable[[RunSpec], frozenset[str]] = no_tables
    lost: Callable[[Sequence[RunSpec], str, bytes, bytes], str] | None = None
    derived_tables: Callable[[RunSpec], frozenset[str]] = no_tables
    positionals: tuple[str, str] | None = None
    input_flags: tuple[str, ...] = ()
    root_flag: str = "--input-root"
    image: str = "visemill-worker"
    default_root: Callable[[Any], str] = names_no_root
    preview: str = ""
    product: str = "records"
    splits: tuple[str, ...] = ("train",)
    append_flag: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    report_tables: Callable[[RunSpec, Sequence[Mapping[str, Any]], Iterable[ClipRow]], Sequence[ReportTable]] = (
        no_report_tables
    )
    plays: bool = False
    clip_time_s: float = 120.0
    clip_memory_mib: int = 2048
    free_settings: frozenset[str] = frozenset()
    leaves_out: frozenset[str] = frozenset()
    needs: Callable[[Any], Sequence[Need]] | None = None
    checked_options: tuple[str, ...] = ()
    extra: str = ""
    judges_clips: Callable[[RunSpec], bool] = never_judged
    image_lacks: Callable[[Settings, Collection[str]], str] = lacks_nothing
    plan_checks: Callable[[Any, ClipTable, Planned], PlanChecks | None] = checks_nothing
    predict: Callable[[Settings, float], Prediction] = nothing_predicted
    sampled: Callable[[Settings], Sampled] = whole_clips
    at_leak: Callable[[RunSpec], OnLeak] = never_leak
    gangs: Callable[[Any], tuple[GangPlan, ...]] = no_gangs
    output_name: Callable[[RunSpec, ClipRow, str], str] | None = None
    output_flag: OutputFlag | None = None
    dataset_flag: DatasetFlag | None = None
    numbers: NumberFlags = field(default_factory=NumberFlags)
    adoption: Adoption | None = None
    sets: NameSets | None = None
    change: Change | None = None
    check_added: Callable[[Sequence[RunSpec], RunSpec], None] | None = None
    restarts: str = ""
    only_plans: str = ""
    writes: Callable[[str], bool] | None = None
    leave: Callable[[Made, Store], None] | None = None
