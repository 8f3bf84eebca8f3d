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
from services.base.media.pictures import Fault, PictureFolder, is_picture_folder, picture_kind

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_LOOKALIKES = (".mpg", ".mpeg", ".mp4", ".avi", ".mov", ".mkv", ".vob", ".align")


@dataclass
class Folder:
    """Media and aligns of one folder, as listed. A name that ends in `/` is a medium that is a folder of pictures.

    odd: kinds of those that are no files. faults: what is wrong with folders of pictures.
    """

    names: TextColumn = field(default_factory=TextColumn)
    sizes_bytes: array[int] = field(default_factory=lambda: array("q"))
    versions: TextColumn = field(default_factory=TextColumn)
    odd: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)

    def with_suffix(self, suffix: str) -> list[tuple[str, int]]:
        """(name, index) of those that end so, sorted by name."""
        return sorted((name, i) for i, name in enumerate(self.names) if name.endswith(suffix))

    def stems(self, suffix: str) -> list[str]:
        return [stem_of(name, suffix) for name in self.names if name.endswith(suffix)]

    def media(self, suffix: str) -> list[tuple[str, str, int]]:
        """(stem, name, index) of files that end so and of folders of pictures, sorted by name."""
        named = sorted((name, i) for i, name in enumerate(self.names) if is_medium(name, suffix))
        return [(media_stem(name, suffix), name, i) for name, i in named]

    def media_stems(self, suffix: str) -> list[str]:
        return [media_stem(name, suffix) for name in self.names if is_medium(name, suffix)]


@dataclass
class Tree:
    """folders: by path. ignored: other files, counted by extension. links: those that leave the root and say no more.

    lookalikes: (folder, name) of files whose extension is nearly right. archives: paths of files that hold others.
    broken: paths of what is neither file nor folder, such as a link to nothing or to where it came from.
    pictures: folders of pictures that are no clips, by path. beside: those with a video of the same name beside them.
    """

    folders: dict[str, Folder] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    lookalikes: list[tuple[str, str]] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    pictures: dict[str, PictureFolder] = field(default_factory=dict)
    beside: list[str] = field(default_factory=list)


def stem_of(name: str, suffix: str) -> str:
    """The name without its suffix, in NFC: a copy that went through a Mac has the same keys."""
    stem = name[: len(name) - len(suffix)]
    return stem if stem.isascii() else unicodedata.normalize("NFC", stem)


def is_medium(name: str, suffix: str) -> bool:
    """Whether a name is that of a file that ends so, or of a folder of pictures."""
    return name.endswith(suffix) or is_picture_folder(name)


def media_stem(name: str, suffix: str) -> str:
    """`stem_of` a medium."""
    return stem_of(name, "/" if is_picture_folder(name) else suffix)


def name_in_folder(path: str) -> str:
    """The last part of a path; of a folder of pictures with the `/` behind it."""
    return path[path.removesuffix("/").rfind("/") + 1 :]


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
        elif kind != "directory" and picture_kind(name):
            tree.pictures.setdefault(folder, PictureFolder()).add(name, entry.size_bytes, entry.version, kind)
            tree.ignored[name[name.rfind(".") :] if kind == "file" else "not a file"] += 1
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
    return tree
