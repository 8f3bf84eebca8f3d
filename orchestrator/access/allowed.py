"""PURE: which roots, files and servers a request may name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from orchestrator.access.request import RunRequest
from orchestrator.pipelines.base import Options
from services.base.errors import BadConfig
from services.base.stage.fields import ConfigField, FileOrName, Server, fields_of


@dataclass(frozen=True)
class Allowed:
    """What a caller from outside may name. roots: absolute folders and s3:// prefixes. addresses: of servers.

    real: where a root leads once links are followed. registry: of the server, which no caller may name even where it
    lies below one of the roots.
    """

    roots: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    real: Callable[[str], str] = str
    registry: str = ""

    def __post_init__(self) -> None:
        for root in self.roots:
            if not root.startswith(("s3://", "/")):
                raise ValueError(f"an allowed root must be an absolute path or s3://bucket/prefix, not {root!r}")

    def check(self, request: RunRequest) -> None:
        """Raises BadConfig BAD_FLAGS, ROOT_NOT_ALLOWED, NAME_NOT_KNOWN, ADDRESS_NOT_ALLOWED."""
        roots = request.roots
        for name in ("input_root", "output_root", "state_root"):
            self.check_root(name, getattr(roots, name))
        for root in roots.further_roots:
            self.check_root("input_root", root)
        # Which gets the data set's marker.
        self.check_root("the root of the named data sets", roots.datasets_root)
        if roots.follow_links:
            raise BadConfig("BAD_FLAGS", "--follow-links works without --server only")
        self.check_options(request.options)

    def check_options(self, options: Options) -> None:
        """By the types of the fields: each that names a file or a server. Raises BadConfig likewise."""
        for field in fields_of(type(options)):
            value = str(getattr(options, field.name) or "")
            if isinstance(field.names, FileOrName):
                self._check_file(field, field.names, value)
            elif isinstance(field.names, Server):
                self.check_address(field.flag, value)

    def _check_file(self, field: ConfigField, names: FileOrName, value: str) -> None:
        file = names.file_of(value)
        if file and names.names and "/" not in file:
            # A file of this server's own folder, which no caller may name.
            raise BadConfig(
                "NAME_NOT_KNOWN",
                f"{field.flag} {file} is none of the names that every server knows ({', '.join(names.names)}): give "
                "one of them, or a file by its absolute path below an allowed root "
                f"({', '.join(self.roots) or 'none'})",
            )
        self.check_root(field.flag, file)

    def check_address(self, name: str, address: str) -> None:
        """Raises BadConfig ADDRESS_NOT_ALLOWED. address: none where empty."""
        if address and address not in self.addresses:
            known = ", ".join(self.addresses) or "none"
            raise BadConfig("ADDRESS_NOT_ALLOWED", f"{name} {address} is none of the addresses allowed here: {known}")

    def check_root(self, name: str, root: str) -> None:
        """Raises BadConfig ROOT_NOT_ALLOWED. root: a root or a file; none where empty."""
        if root and not self._is_allowed(root):
            known = ", ".join(self.roots) or "none"
            raise BadConfig(
                "ROOT_NOT_ALLOWED",
                f"{name} {root} is below none of the roots that this server allows ({known}): "
                "name one below them, or start the server with --allow-root",
            )

        if root and self.registry and self._leads_to(root, self.registry):
            raise BadConfig(
                "ROOT_NOT_ALLOWED",
                f"{name} {root} lies in {self.registry}, where this server keeps submitted runs: name another",
            )

    def root_of(self, path: str) -> str:
        """The root that a file lies below, whose absolute path or URI a manifest names; empty where that is none.

        By names alone: a store that is opened at the root follows no link out of it.
        """
        return next((root for root in self.roots if path != root and is_below(path, root)), "")

    def _is_allowed(self, root: str) -> bool:
        return any(self._leads_below(root, allowed) for allowed in self.roots)

    def _leads_to(self, root: str, place: str) -> bool:
        return is_below(root, place) or is_below(self.real(root), self.real(place))

    def _leads_below(self, root: str, allowed: str) -> bool:
        return is_below(root, allowed) and is_below(self.real(root), self.real(allowed))


def is_below(root: str, allowed: str) -> bool:
    """Whether a root is the allowed one or below it. `..` is below nothing."""
    if ".." in root.split("/"):
        return False
    if root.startswith("/"):
        root, allowed = posixpath.normpath(root), posixpath.normpath(allowed)
    else:
        allowed = allowed.rstrip("/")
    return root == allowed or root.startswith(f"{allowed.rstrip('/')}/")


def remote_argv(remotes: Iterable[str], stages: Sequence[str]) -> list[str]:
    """--remote for those of the STAGE=TARGET pairs whose stage the run has."""
    return [f"--remote={pair}" for pair in remotes if pair.partition("=")[0] in stages]
