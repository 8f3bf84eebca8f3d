"""I/O: a bundle as it lies in a folder or a store: its card and its alphabet, each what the card says."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.base.errors import BadConfig
from services.base.store.by_digest import is_uri
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.base.worker.fingerprint import remembered_sha256
from services.lipreading.language_model import lm_digests
from services.lipreading.search import search_of
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import CARD_FILE, TOKENIZER_FILE, BundleCard, card_of, characters_of, tokens_of


@dataclass(frozen=True)
class Bundle:
    """All of it but the networks. characters: of CTC class by class, the blank behind them; of attention by their ids,
    marks among them.
    """

    card: BundleCard
    characters: Sequence[str]


def models_of(config: LipreadingConfig) -> dict[str, str]:
    """The recipe's name -> its networks and the alphabet, by digest, and where the card says how texts are usually
    searched for, how they are; `lm` -> the language model, where there is one. Raises BadConfig as `bundle_here`,
    `checked_card`, `search_of` and `lm_digests`.
    """
    with bundle_here(config) as local:
        card = card_for(local)
    told = [served_weights(card), *(card.digests[name] for name in card.files if name != "model")]
    told += [str(search_of(config, card))] if card.usual else []
    return {card.recipe: " ".join(told), **lm_digests(config)}


def served_weights(card: BundleCard, part: str = "model") -> str:
    """What a model server knows a network by. part: `model` or `decoder`."""
    return f"sha256:{card.digests[part]}"


def served_name(name: str, part: str) -> str:
    """Of a network on a model server. name: of the lipreader there. part: `model` or `decoder`."""
    return name if part == "model" else f"{name}-{part}"


@contextlib.contextmanager
def bundle_here(config: LipreadingConfig) -> Iterator[LipreadingConfig]:
    """The config with a folder of this machine: its own, or a copy of a store's, which is gone behind it. Raises
    BadConfig as `fetch_bundle`.
    """
    if not is_uri(config.bundle):
        yield config
        return
    with folder_for(config) as local:
        fetch_bundle(config, Path(local.bundle))
        yield local


@contextlib.contextmanager
def folder_for(config: LipreadingConfig) -> Iterator[LipreadingConfig]:
    """The config with an empty folder, which its bundle is fetched into later."""
    with tempfile.TemporaryDirectory(prefix="visemill-bundle-") as folder:
        yield dataclasses.replace(config, bundle=folder)


def fetch_bundle(config: LipreadingConfig, folder: Path) -> None:
    """Copies a store's bundle into the folder, unless it is there: the card comes last. Networks that a model server
    has stay where they are. Raises BadConfig BUNDLE_MISSING, BUNDLE_DAMAGED, and as the store does.
    """
    if (folder / CARD_FILE).exists():
        return
    store, with_networks, name = open_store(config.bundle), config.backend != "triton", CARD_FILE
    try:
        data = store.read(name)
        card = card_of(data)
        for what, name in card.files.items():
            if what == "tokenizer" or with_networks:
                store.fetch(name, folder / name)
    except NotThere as error:
        raise BadConfig(
            "BUNDLE_MISSING",
            f"{name} is not in {config.bundle}: give the place that `visemill export --bundle` wrote to",
        ) from error
    _check_files(card, folder, with_networks=with_networks)
    (folder / CARD_FILE).write_bytes(data)


def card_for(config: LipreadingConfig) -> BundleCard:
    """Of the config's bundle, whose networks may be missing here where a server has them. Raises as `checked_card`."""
    return checked_card(Path(config.bundle), with_networks=config.backend != "triton")


def checked_card(folder: Path, *, with_networks: bool = True) -> BundleCard:
    """The card, once the files are what it says. Raises BadConfig BUNDLE_MISSING, BUNDLE_DAMAGED."""
    card = card_of(_read(folder, CARD_FILE))
    _check_files(card, folder, with_networks=with_networks)
    return card


def open_bundle(config: LipreadingConfig) -> Bundle:
    """Raises BadConfig as `checked_card`."""
    card, tokenizer = card_for(config), _read(Path(config.bundle), TOKENIZER_FILE)
    return Bundle(card, tokens_of(tokenizer) if card.kind == "attention" else characters_of(tokenizer))


def _check_files(card: BundleCard, folder: Path, *, with_networks: bool) -> None:
    """Raises BadConfig BUNDLE_DAMAGED unless the folder's files are what the card says."""
    for name, file in card.files.items():
        if name != "tokenizer" and not with_networks:
            continue
        try:
            found = remembered_sha256(folder / file)
        except OSError as error:
            raise BadConfig(
                "BUNDLE_DAMAGED", f"{folder / file} cannot be read ({error.strerror}): export the bundle again"
            ) from error
        if found != card.digests[name]:
            raise BadConfig(
                "BUNDLE_DAMAGED",
                f"{folder / file} has sha256 {found[:16]}…, and {CARD_FILE} says {card.digests[name][:16]}…: export "
                "the bundle again",
            )


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BadConfig(
            "BUNDLE_MISSING",
            f"{folder / name} cannot be read ({error.strerror}): give a folder that `visemill export` wrote",
        ) from error
