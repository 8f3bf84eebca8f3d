"""A listing sorted out by what the names say: media and aligns by folder, the rest counted. Pure."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.grid.layouts import Layout
from orchestrator.pipelines.text_column import TextColumn

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
_LOOKALIKES = (".mpg", ".mpeg", ".mp4", ".avi", ".mov", ".mkv", ".vob", ".align")


@dataclass
class Folder:
    """Media and aligns of one folder, as listed. odd: kinds of those that are no files."""

    names: TextColumn = field(default_factory=TextColumn)
    sizes_bytes: array[int] = field(default_factory=lambda: array("q"))
    versions: TextColumn = field(default_factory=TextColumn)
    odd: dict[str, str] = field(default_factory=dict)

    def with_suffix(self, suffix: str) -> list[tuple[str, int]]:
        """(name, index) of those that end so, sorted by name."""
        return sorted((name, i) for i, name in enumerate(self.names) if name.endswith(suffix))

    def stems(self, suffix: str) -> list[str]:
        return [stem_of(name, suffix) for name in self.names if name.endswith(suffix)]


@dataclass
class Pictures:
    """Pictures of one folder. first: the name of the first of them, as numbers count."""

    num: int
    first: str


@dataclass
class Tree:
    """folders: by path. ignored: other files, counted by extension. links: those that leave the root and say no more.

    lookalikes: (folder, name) of files whose extension is nearly right. archives: paths of files that hold others.
    broken: paths of what is neither file nor folder, such as a link to nothing or to where it came from.
    pictures: by folder.
    """

    folders: dict[str, Folder] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    lookalikes: list[tuple[str, str]] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    pictures: dict[str, Pictures] = field(default_factory=dict)


def stem_of(name: str, suffix: str) -> str:
    """The name without its suffix, in NFC: a copy that went through a Mac has the same keys."""
    stem = name[: len(name) - len(suffix)]
    return stem if stem.isascii() else unicodedata.normalize("NFC", stem)


def sort_out(entries: Iterable[Entry], layouts: Sequence[Layout]) -> Tree:
    """One pass over a listing; what it keeps of an entry is its name, size and version."""
    tree = Tree()
    suffixes = tuple({suffix for layout in layouts for suffix in (layout.media_suffix, layout.align_suffix)})
    for entry in entries:
        path, kind = entry.name, entry.kind
        folder, _, name = path.rpartition("/")
        if name.startswith("."):
            suffix = next((suffix for suffix in suffixes if name.endswith(suffix)), "")
            tree.ignored[f"hidden {suffix}".rstrip()] += kind == "file"
        elif name.endswith(suffixes):
            listed = tree.folders.get(folder) or tree.folders.setdefault(folder, Folder())
            listed.names.append(name)
            listed.sizes_bytes.append(entry.size_bytes if kind == "file" else 0)
            listed.versions.append(entry.version)
            if kind != "file":
                listed.odd[name] = kind
        elif kind == "outside":
            tree.links.append(path)
        elif kind == "other":
            tree.ignored["not a file"] += 1
            tree.broken.append(path)
        elif kind == "file":
            extension = name[name.rfind(".") :] if "." in name else "no extension"
            tree.ignored[extension] += 1
            if extension.lower() in _LOOKALIKES:
                tree.lookalikes.append((folder, name))
            elif extension.lower() in _ARCHIVES:
                tree.archives.append(path)
            elif extension.lower() in _PICTURES:
                _count_picture(tree.pictures.setdefault(folder, Pictures(0, name)), name)
    return tree


def _count_picture(pictures: Pictures, name: str) -> None:
    pictures.num += 1
    pictures.first = min(pictures.first, name, key=lambda name: (len(name), name))
