"""Artifacts of a run's pass in its store: those of a clip that are there already, and the names of those to keep."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.run import paths
from services.base.stage.artifacts import ArtifactTypes, artifact_key, decode_artifact
from services.base.stage.spec import ClipJob, StageSpec
from services.base.store.interface import NotThere, Store
from services.base.worker.fingerprint import StageIdentity

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownOfClip:
    """given: artifacts reused from the cache, by name. names: where those worth keeping lie, by name. reused: the
    stages that need not make theirs.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    reused: tuple[str, ...] = ()


def known_of(
    job: ClipJob, identities: list[StageIdentity], specs: Mapping[str, StageSpec], state: Store
) -> KnownOfClip:
    """What the store holds of a clip. Raises what reading the store raises; one that is torn is made again."""
    given: dict[str, Any] = {}
    names: dict[str, str] = {}
    makers: dict[str, dict[str, Any]] = {}
    reused: list[str] = []
    for identity in identities:
        spec = specs[identity.name]
        # Only what the stage reads can decide its artifact; what else is in the pass may change freely.
        before = [makers[name] for name in spec.reads if name in makers]
        if spec.cached:
            config = {"own": dict(identity.key_config), "before": before}
            for written in spec.writes:
                # A stage of one artifact has keys without its name, as before there were others.
                config_of_one = {**config, "writes": written} if len(spec.writes) > 1 else config
                key = artifact_key(
                    spec.name, spec.version, config_of_one, job.media.sha256, identity.models, identity.libraries
                )
                names[written] = paths.artifact_file(spec.name, key)
                _look_up(given, written, names[written], spec.artifacts, state)
            if all(written in given for written in spec.writes):
                reused.append(spec.name)
        makers |= {written: {**identity.of_artifact(), "before": before} for written in spec.writes}
    return KnownOfClip(given, names, tuple(reused))


def _look_up(given: dict[str, Any], writes: str, name: str, types: ArtifactTypes, state: Store) -> None:
    try:
        given[writes] = decode_artifact(state.read(name), types)
    except NotThere:
        return
    except ValueError as error:
        LOG.warning("artifact made again", extra={"fields": {"artifact": name, "why": str(error)}})
