"""Certificates to sign films with, that nobody trusts."""

import datetime
from pathlib import Path

import pytest


def write_chain(folder: Path) -> tuple[str, str]:
    """(certificate of "a studio" that another vouches for, its key): PEM files in the folder. Skips without c2pa."""
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

    (folder / "chain.pem").write_bytes(
        certificate("a studio", key.public_key(), is_root=False)
        + certificate("root", root_key.public_key(), is_root=True)
    )
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(folder / "chain.pem"), str(folder / "key.pem")
