"""Marks are put into a film, and read back of it: by its metadata, and by a manifest that a certificate signs."""

import datetime

import av
import numpy as np
import pytest

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
    pytest.importorskip("c2pa")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    usages = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)

    def certificate(name, public, *, is_root):
        own = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "root")])
        allowed = {"key_cert_sign", "crl_sign"} if is_root else {"digital_signature"}
        made = (
            x509.CertificateBuilder(issuer, own, public, x509.random_serial_number(), now - day, now + day)
            .add_extension(x509.BasicConstraints(is_root, None), True)
            .add_extension(x509.KeyUsage(**{usage: usage in allowed for usage in usages}), True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        )
        if not is_root:
            made = made.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return made.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM)

    folder = tmp_path_factory.mktemp("chain")
    (folder / "chain.pem").write_bytes(
        certificate("a studio", key.public_key(), is_root=False)
        + certificate("root", root_key.public_key(), is_root=True)
    )
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(folder / "chain.pem"), str(folder / "key.pem")


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
