"""`python -m services STAGE[,STAGE...] once|serve|work|describe`, or `RECIPE rank|describe|ENTRY_POINT` for the first.

Two tables, name -> package. What a stage is lies in its spec.py, how it handles a clip in stage.py, how it is reached
in rpc.py. What a recipe is, which the ranks of a gang pass run, lies in its spec.py too,
and so do the entry points of its own, such as `test`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE, BadConfig, VisemillError
from services.base.process.threads import PASSIVE_WAIT
from services.base.stage.clip_pass import BoundStage
from services.base.stage.config import config_from_mapping
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import ByName, ConfiguredStage, StageSpec

STAGES: dict[str, str] = {
    "decode": "services.decode",
    "audio": "services.audio",
    "voice": "services.audio.voice",
    "sound": "services.audio.aligned",
    "text": "services.text",
    "landmarks": "services.landmarks",
    "records": "services.records.grid",
    "keypoints": "services.landmarks.body",
    "features": "services.features",
    "fbank": "services.features.fbank",
    "speech": "services.features.tts",
    "audiofeatures": "services.features.talker",
    "lipreading": "services.lipreading",
    "headfilm": "services.talker",
    "lipsfiles": "services.records.lips",
    "signfiles": "services.records.sign",
    "talkerfiles": "services.records.talker",
    "ttsfiles": "services.records.tts",
    "ttsexisting": "services.records.tts.existing",
}

RECIPES: dict[str, str] = {
    "chinese-lips-conformer": "services.training.recipes.chinese_lips_conformer",
    "chinese-lips-lstm": "services.training.recipes.chinese_lips_lstm",
    "grid-ctc": "services.training.recipes.grid_ctc",
    "talker-unet": "services.training.recipes.talker_unet",
    "talker-syncnet": "services.training.recipes.talker_syncnet",
}


def recipe_of(name: str) -> RecipeSpec:
    """The inert spec of a recipe. Raises BadConfig for an unknown name."""
    if name not in RECIPES:
        raise BadConfig("UNKNOWN_RECIPE", f"no recipe {name!r}; there are {', '.join(RECIPES) or 'none'}")
    recipe: RecipeSpec = ByName(f"{RECIPES[name]}.spec:RECIPE").resolve()
    return recipe


def spec_of(name: str) -> StageSpec:
    """The inert spec of a stage. Raises BadConfig for an unknown name."""
    if name not in STAGES:
        raise BadConfig("UNKNOWN_STAGE", f"no stage {name!r}; there are {', '.join(STAGES)}")
    spec: StageSpec = ByName(f"{STAGES[name]}.spec:SPEC").resolve()
    return spec


def open_stage(
    name: str, config: Mapping[str, Any], target: str | None, configs: Mapping[str, Mapping[str, Any]]
) -> BoundStage:
    """A stage bound in-process, or to a gRPC target. configs: config values of every stage of the pass by name.

    Raises BadConfig, or what the stage raises when it opens.
    """
    spec = spec_of(name)
    values = config_from_mapping(spec.config, config)
    if target is None:
        return BoundStage(spec, _opener(spec)(values))
    rpc = _rpc(spec)
    if spec.source_of is not None or not spec.streams:
        return BoundStage(spec, rpc.open_remote(target, values))
    for other in configs:
        source = spec_of(other)
        if source.source_of in spec.streams:
            decode = ConfiguredStage(source, config_from_mapping(source.config, configs[other]))
            return BoundStage(spec, rpc.open_remote(target, values, decode))
    streams = " and ".join(sorted(spec.streams))
    raise BadConfig("NO_SOURCE", f"the pass of {name} has no stage that makes {streams}: put its source first")


def with_makers(names: Sequence[str]) -> list[str]:
    """The stages, each after those that make what it reads: `records` alone is decode, landmarks, records.

    A chain that names its source is taken as it is: what a stage reads beside it may be left out on purpose.
    """
    if any(spec_of(name).source_of for name in names):
        return list(names)
    makers = {written: name for name in STAGES for written in spec_of(name).writes}
    chain: list[str] = []
    for name in names:
        before = [makers[read] for read in spec_of(name).reads if makers.get(read) not in (None, *names)]
        chain += [maker for maker in with_makers(before) if maker not in chain]
        chain.append(name)
    return chain


def _opener(spec: StageSpec) -> ByName:
    if spec.opens is None:
        raise BadConfig("NOT_OPENED", f"{spec.name} names nothing that opens it: say so in its spec")
    return spec.opens


def _rpc(spec: StageSpec) -> Any:
    if spec.rpc is None:
        raise BadConfig("NOT_SERVED", f"{spec.name} has no server: it runs beside its worker, by `once` or `work`")
    return spec.rpc.resolve()


def main(argv: Sequence[str] | None = None) -> int:
    """The entry points. Exit codes are those of services/base/errors.py."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["child"]:
        from services.base.sandbox.child import child_main

        return child_main(int(arguments[1]), open_stage)
    if len(arguments) < 2 or arguments[0].startswith("-"):
        sys.stderr.write(f"{__doc__}\nstages: {', '.join(STAGES)}\nrecipes: {', '.join(RECIPES) or 'none'}\n")
        return EXIT_OK if arguments[:1] in (["-h"], ["--help"]) else EXIT_USAGE
    names, entry_point, rest = arguments[0].split(","), arguments[1], arguments[2:]
    try:
        return _run_entry_point(names, entry_point, rest)
    except SystemExit as usage:
        # argparse says 2, which is nobody's answer here.
        return EXIT_OK if not usage.code else EXIT_USAGE
    except VisemillError as error:
        return _fail(error)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if missing := _missing_package(error):
            what = f"{missing} is not installed: `visemill doctor` says which extra of visemill brings it"
            return _fail(BadConfig("LIBRARY_MISSING", what, repr(error)))
        logging.getLogger(__name__).error("bug: %r", error, exc_info=error)
        return _fail(VisemillError("INTERNAL_ERROR", f"{error!r}: please report it, with the traceback"))


def _missing_package(error: Exception) -> str:
    """Of another distribution, which could not be imported; empty for any other error."""
    name = error.name or "" if isinstance(error, ModuleNotFoundError) else ""
    package = name.partition(".")[0]
    return "" if package in ("services", "visemill") else package


def _fail(error: VisemillError) -> int:
    sys.stderr.write(json.dumps(error.fields()) + "\n")
    return error.exit_code


def _run_entry_point(names: list[str], entry_point: str, rest: list[str]) -> int:
    if names[0] in RECIPES or entry_point == "rank":
        return _run_recipe(names, entry_point, rest)
    if entry_point in ("once", "work"):
        names = with_makers(names)
    specs = {name: spec_of(name) for name in names}
    if entry_point == "once":
        from services.base.worker.once import once_main

        return once_main(specs, rest)
    if entry_point == "work":
        from services.base.worker.work import work_main

        return work_main(specs, rest)
    if entry_point == "describe":
        from services.base.worker.fingerprint import describe_main

        return describe_main(specs, rest)
    if entry_point == "serve":
        if len(names) != 1:
            raise BadConfig("ONE_STAGE", f"serve takes one stage, not {', '.join(names)}")
        rpc = _rpc(specs[names[0]])
        parser = argparse.ArgumentParser(prog=f"python -m services {names[0]} serve")
        rpc.add_serve_flags(parser)
        code: int = rpc.serve(parser.parse_args(rest), spec_of)
        return code
    raise BadConfig("UNKNOWN_ENTRY_POINT", f"no entry point {entry_point!r}; there are once, serve, work, describe")


def _run_recipe(names: list[str], entry_point: str, rest: list[str]) -> int:
    recipes = {name: recipe_of(name) for name in names}
    if entry_point == "describe":
        from services.base.worker.fingerprint import describe_main

        return describe_main(recipes, rest)
    if len(names) != 1:
        raise BadConfig("ONE_RECIPE", f"{entry_point} takes one recipe, not {', '.join(names)}")
    own = recipes[names[0]].entry_points
    if entry_point in own:
        code: int = own[entry_point].resolve()(rest)
        return code
    if entry_point != "rank":
        known = ", ".join(("rank", "describe", *own))
        raise BadConfig("UNKNOWN_ENTRY_POINT", f"{names[0]} has no entry point {entry_point!r}; it has {known}")
    from services.base.worker.rank import rank_main

    return rank_main(recipes[names[0]], rest)


if __name__ == "__main__":
    # Before any library that has OpenMP is loaded.
    os.environ.update(PASSIVE_WAIT | os.environ)
    sys.exit(main())
