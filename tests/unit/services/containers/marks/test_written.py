"""Marks are put into a film, and read back of it: by its metadata, and by a manifest that a certificate signs."""

import av
import numpy as np
import pytest
from signing_chain import write_chain

from services.base.errors import BadConfig, BadInput
from services.containers.marks.written import Signer, credentials_of, film_metadata
from services.formats.talker.mark import Mark, manifest_of, mark_in, metadata_of, tells_of_network

MARK = Mark("0.1.0", "a" * 64, "b" * 64, "2026-11-29T18:00:00Z")


def film(path, metadata):
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata)
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        for i in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 40 * i, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def marked(path):
    return mark_in(film_metadata(path))


def test_a_film_says_what_it_is_and_any_other_that_it_has_no_mark(tmp_path):
    assert marked(film(tmp_path / "a.mp4", metadata_of(MARK))) == MARK
    other = film(tmp_path / "b.mp4", {"description": "a holiday"})
    assert marked(other) is None
    with pytest.raises(BadInput, match="OPEN_FAILED"):
        (tmp_path / "c.mp4").write_bytes(b"no film")
        marked(tmp_path / "c.mp4")


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """(certificate that another vouches for, its key): PEM files that nobody trusts."""
    return write_chain(tmp_path_factory.mktemp("chain"))


def test_a_signed_film_is_valid_its_signer_untrusted_and_its_mark_still_there(tmp_path, chain):
    signed = tmp_path / "signed.mp4"
    Signer(*chain).sign(film(tmp_path / "a.mp4", metadata_of(MARK)), signed, manifest_of(MARK, "film.mp4"))
    found = credentials_of(signed)
    assert found is not None
    assert (found["state"], found["signer"], found["signer_is_trusted"]) == ("Valid", "a studio", False)
    assert tells_of_network(found["actions"]) and marked(signed) == MARK


def test_a_film_that_was_changed_behind_its_signature_is_invalid(tmp_path, chain):
    signed = tmp_path / "signed.mp4"
    Signer(*chain).sign(film(tmp_path / "a.mp4", metadata_of(MARK)), signed, manifest_of(MARK, "film.mp4"))
    data = bytearray(signed.read_bytes())
    data[data.rindex(b"mdat") + 40] ^= 1
    signed.write_bytes(data)
    found = credentials_of(signed)
    assert found is not None
    assert found["state"] == "Invalid" and "assertion.bmffHash.mismatch" in found["failures"]


def test_what_cannot_be_signed_with_is_refused(tmp_path, chain):
    certificate, key = chain
    for pair in ((certificate, str(tmp_path / "none.pem")), (certificate, certificate), (key, key)):
        with pytest.raises(BadConfig, match="BAD_CERTIFICATE"):
            Signer(*pair)
