"""I/O: the marks of a film: in its metadata, and under a signature (C2PA), put in and read back. The one home of c2pa.

Signing needs the extra `credentials`, which is loaded when it is used and not before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig, BadInput
from services.base.media.clip import Media
from services.containers.decoder_log import DecoderLog
from services.containers.opening import open_container

# A file of a stranger may name a manifest, or a server to ask, anywhere.
_OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_BY_CURVE = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def film_metadata(path: Path) -> dict[str, str]:
    """What a film says of itself, by key. Raises BadInput, as `open_container`."""
    log = DecoderLog()
    with open_container(Media.of_file(path), {}, log) as container:
        return dict(container.metadata)


class Signer:
    """Signs films with a certificate, followed by those that vouch for it, and its key: PEM, in files.

    Raises BadConfig NO_C2PA, BAD_CERTIFICATE.
    """

    def __init__(self, certificate: str, certificate_key: str) -> None:
        self._c2pa = _library()
        try:
            chain, key = Path(certificate).read_bytes(), Path(certificate_key).read_bytes()
            algorithm = _algorithm(chain, key).encode()
            info = self._c2pa.C2paSignerInfo(algorithm, chain, key, None)
            self._signer = self._c2pa.Signer.from_info(info)
        except (OSError, ValueError, TypeError, self._c2pa.C2paError) as error:
            raise BadConfig(
                "BAD_CERTIFICATE",
                f"--certificate {certificate} and --certificate-key {certificate_key} cannot be signed with: give a "
                "chain of certificates and the key of its first, both as PEM, without a password",
                str(error),
            ) from error

    def sign(self, source: Path, target: Path, manifest: Mapping[str, Any]) -> None:
        """Writes the film anew, with a manifest. target: is not there yet. manifest: a definition, as c2pa takes it.

        Raises BadConfig NOT_SIGNED.
        """
        try:
            with self._c2pa.Builder(dict(manifest)) as builder:
                builder.sign_file(str(source), str(target), self._signer)
        except self._c2pa.C2paError as error:
            raise BadConfig(
                "NOT_SIGNED",
                f"{source.name} could not be signed: give a certificate for signing (key usage digitalSignature, "
                "extended key usage emailProtection or of C2PA), which holds today",
                str(error),
            ) from error


def has_library() -> bool:
    """Whether the extra `credentials` is there."""
    try:
        _library()
    except BadConfig:
        return False
    return True


def credentials_of(path: Path) -> Mapping[str, Any] | None:
    """What the film's C2PA manifest says, JSON-able; None where it has none.

    state: Valid, Invalid, or Trusted. actions: that it tells of. Raises BadConfig NO_C2PA;
    BadInput BAD_CREDENTIALS.
    """
    c2pa = _library()
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(_OFFLINE))
        with context, c2pa.Reader(str(path), context=context) as reader:
            found = json.loads(reader.json())
    except c2pa.C2paError as error:
        if "ManifestNotFound" in str(error):
            return None
        raise BadInput("BAD_CREDENTIALS", f"{path.name}: its manifest cannot be read", str(error)) from error
    active = found["manifests"][found["active_manifest"]]
    labels = {one["label"].partition(".v")[0]: one["data"] for one in active.get("assertions", ())}
    actions = labels.get("c2pa.actions", {}).get("actions", ())
    results = found.get("validation_results", {}).get("activeManifest", {})
    failures = [str(one["code"]) for one in results.get("failure", ())]
    signed = active.get("signature_info", {})
    return {
        "state": str(found.get("validation_state", "unknown")),
        "signer": str(signed.get("common_name") or signed.get("issuer") or "unknown"),
        "signer_is_trusted": "signingCredential.untrusted" not in failures,
        "actions": [
            {name: str(one.get(name, "")) for name in ("action", "digitalSourceType", "when")} for one in actions
        ],
        "failures": failures,
    }


def _library() -> Any:
    """Raises BadConfig NO_C2PA."""
    try:
        import c2pa
    except (ImportError, OSError) as error:
        raise BadConfig(
            "NO_C2PA", "content credentials need c2pa-python: pip install 'visemill[credentials]'", str(error)
        ) from error
    return c2pa


def _algorithm(chain: bytes, key: bytes) -> str:
    """As C2PA calls it. Raises ValueError, TypeError for what is no key of the first certificate that it signs with."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    found = load_pem_private_key(key, None)
    if found.public_key() != x509.load_pem_x509_certificates(chain)[0].public_key():
        raise ValueError("the key is not that of the first certificate")
    if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name in _BY_CURVE:
        return _BY_CURVE[found.curve.name]
    if isinstance(found, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(found, rsa.RSAPrivateKey):
        return "ps256"
    raise ValueError(f"a key of {type(found).__name__} is none that C2PA signs with")
