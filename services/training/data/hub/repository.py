"""I/O: a repository of data on the Hugging Face hub: what it holds at a revision, and bytes of its files.

The one home of huggingface_hub, which knows addresses, tokens, proxies and errors. Its own downloads are not used: they
begin anew after a process was killed, which of files of many GB is too much, and stop at 50 GB without Xet.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process.retry import Retryable, retry_with_timeout
from services.training.data.hub.interfaces import HubFile, Listing

# Of one request. Content networks answer with no more than some tens of GB at once.
_PIECE_BYTES = 4 << 30
_PATIENCE_S = 20.0
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


class HubRepository:
    """name: OWNER/NAME of a repository of data. cache: folder of the hub's cache; empty: that of HF_HUB_CACHE, HF_HOME.
    endpoint: address of the hub; empty: that of HF_ENDPOINT. Raises BadConfig LIBRARY_MISSING.
    """

    def __init__(self, name: str, cache: str = "", *, endpoint: str = "", patience_s: float = _PATIENCE_S) -> None:
        self.name = name
        self._hub = _library()
        self._endpoint = endpoint or self._hub.constants.ENDPOINT
        self._patience_s = patience_s
        # As the library lays it out, so that others who use the cache find what is here, and the reverse.
        self.folder = (
            Path(cache or self._hub.constants.HF_HUB_CACHE).absolute() / f"datasets--{name.replace('/', '--')}"
        )

    @property
    def page(self) -> str:
        """Where a person reads of it."""
        return f"{self._endpoint}/datasets/{self.name}"

    def listing(self, revision: str) -> Listing:
        """revision: a commit, a branch or a tag. Raises BadConfig HUB_ACCESS, HUB_NOT_FOUND, HUB_OFFLINE, HUB_ANSWER;
        Transient HUB_UNREACHABLE.
        """
        api = self._hub.HfApi(endpoint=self._endpoint, library_name="visemill")

        def ask() -> Listing:
            with self._told(revision):
                found = api.dataset_info(self.name, revision=revision, files_metadata=True, timeout=self._timeout_s)
            try:
                return Listing(found.sha, [_file(one) for one in found.siblings or ()])
            except (ValueError, TypeError) as error:
                raise BadConfig("HUB_ANSWER", f"{self.page} describes its files otherwise: {error}") from error

        return retry_with_timeout(ask, patience_s=self._patience_s)

    def blob(self, file: HubFile) -> Path:
        """Where the cache keeps its bytes."""
        return self.folder / "blobs" / file.identity

    def name_blob(self, file: HubFile, revision: str) -> None:
        """The link by which others find the blob under its name. Raises OSError where links cannot be made."""
        link = self.folder / "snapshots" / revision / file.name
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            up = "../" * (len(link.relative_to(self.folder).parts) - 1)
            link.symlink_to(f"{up}blobs/{file.identity}")

    def read(self, file: HubFile, revision: str, offset: int) -> Iterator[bytes]:
        """Bytes of it from offset on, to its end or less far. Raises as `listing`, and Retryable for what may pass."""
        hub = self._hub
        url = hub.hf_hub_url(self.name, file.name, repo_type="dataset", revision=revision, endpoint=self._endpoint)
        # The file's own bytes, not packed for the way.
        headers = hub.utils.build_hf_headers(library_name="visemill") | {"Accept-Encoding": "identity"}
        end = min(offset + _PIECE_BYTES, file.size_bytes)
        headers["Range"] = f"bytes={offset}-{end - 1}"
        left = end - offset
        with (
            self._told(revision),
            # Followed to a server of contents, the library's client leaves the token behind.
            hub.utils.get_session().stream("GET", url, headers=headers, timeout=self._timeout_s) as response,
        ):
            hub.utils.hf_raise_for_status(response)
            skipped = self._skipped(file, offset, response.status_code, response.headers.get("Content-Range", ""))
            # As they come: what is gathered into larger chunks is lost where a connection breaks off.
            for chunk in response.iter_bytes():
                wanted = chunk[skipped:][:left]
                skipped -= min(skipped, len(chunk))
                left -= len(wanted)
                if wanted:
                    yield wanted
                if not left:
                    return
            raise Retryable(Transient("HUB_UNREACHABLE", f"{self.page} ended its answer {left} bytes early"))

    @property
    def _timeout_s(self) -> float:
        return float(self._hub.constants.HF_HUB_DOWNLOAD_TIMEOUT)

    def _skipped(self, file: HubFile, offset: int, status: int, content_range: str) -> int:
        """Bytes of an answer that are left out: a server may send the whole file whatever it was asked for."""
        if status != 206:
            return offset
        found = _RANGE.fullmatch(content_range)
        if found is None or (int(found[1]), int(found[2])) != (offset, file.size_bytes):
            raise BadConfig(
                "HUB_ANSWER",
                f"{self.page} sends {content_range or 'a range without its place'} of {file.name}, of which bytes from "
                f"{offset} of {file.size_bytes} were asked for: see whether HF_ENDPOINT names a whole mirror",
            )
        return 0

    @contextmanager
    def _told(self, revision: str) -> Iterator[None]:
        """What the library raises as one of the four answers, or Retryable."""
        import httpx2

        try:
            yield
        except (self._hub.errors.HfHubHTTPError, httpx2.HTTPError, httpx2.StreamError) as error:
            self._fail(error, revision)
        except self._hub.errors.OfflineModeIsEnabled as error:
            raise BadConfig(
                "HUB_OFFLINE", f"HF_HUB_OFFLINE is set, so that {self.page} is not asked: unset it"
            ) from error

    def _fail(self, error: Exception, revision: str) -> NoReturn:
        errors, text = self._hub.errors, str(error)
        status = getattr(getattr(error, "response", None), "status_code", 0)
        refused: VisemillError
        if isinstance(error, errors.RevisionNotFoundError):
            refused = BadConfig("HUB_NOT_FOUND", f"{self.page} has no revision {revision}: see its history there", text)
        elif isinstance(error, errors.GatedRepoError) or status in (401, 403):
            refused = BadConfig(
                "HUB_ACCESS",
                f"the hub gives {self.name} to those alone who have accepted its terms there: open {self.page}, accept "
                "them, and give your token by HF_TOKEN or `hf auth login`",
                text,
            )
        elif status == 404:
            refused = BadConfig("HUB_NOT_FOUND", f"{self.page} or a file of it is not there", text)
        elif status and status not in _BUSY:
            refused = BadConfig("HUB_ANSWER", f"{self.page} answers with {status}", text)
        else:
            why = (
                f"answers with {status}"
                if status
                else f"cannot be reached ({text.splitlines()[0] if text else error!r})"
            )
            raise Retryable(
                Transient("HUB_UNREACHABLE", f"{self.page} {why}: run the same command again once it can be", text)
            ) from error
        raise refused from error


def _file(sibling: object) -> HubFile:
    """Of the library's description. Raises ValueError, TypeError."""
    name, size_bytes = getattr(sibling, "rfilename", ""), getattr(sibling, "size", None)
    lfs, git_id = getattr(sibling, "lfs", None), getattr(sibling, "blob_id", None)
    if size_bytes is None:
        raise ValueError(f"{name} has no size")
    return HubFile(name, int(size_bytes), lfs.sha256, "") if lfs else HubFile(name, int(size_bytes), "", git_id or "")


def _library() -> ModuleType:
    # Else its requests tell of the machine, and one more is made for that.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import huggingface_hub
        import huggingface_hub.constants
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError as error:
        raise BadConfig(
            "LIBRARY_MISSING",
            "huggingface_hub, of downloads, is not installed: pip install 'visemill[hub]'",
            repr(error),
        ) from error
    return huggingface_hub
