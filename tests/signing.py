"""A signed PNG, with a certificate that is made here: what is verified does not hang on other people's files."""

from __future__ import annotations

import datetime as dt
import functools
import io
import json

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from marked import made_by, texts

PEM = serialization.Encoding.PEM
BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_ROOT_KEY, _KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def _certificate(subject: str, key: ec.EllipticCurvePrivateKey, *, root: bool) -> x509.Certificate:
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("a test's root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + dt.timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(not root, key_cert_sign=root, crl_sign=root, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(_ROOT_KEY.public_key()), critical=False)
    )
    if not root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(_ROOT_KEY, hashes.SHA256())


def _name(common: str) -> x509.Name:
    parts = ((NameOID.COMMON_NAME, common), (NameOID.ORGANIZATION_NAME, "maskproof's tests"))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


ROOT = _certificate("a test's root", _ROOT_KEY, root=True).public_bytes(PEM).decode()
"""the certificate to trust, as a trust list would hold it"""


@functools.cache
def signed_png(data: bytes | None = None) -> bytes:
    """A PNG with a signed manifest that says AI; unless another is given, one with the text `Title: before`."""
    manifest = {
        "claim_generator_info": [{"name": "a test"}],
        "format": "image/png",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [made_by("trainedAlgorithmicMedia")]}}],
    }
    chain = _certificate("a tester", _KEY, root=False).public_bytes(PEM) + ROOT.encode()
    key = _KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    settings = {"verify": {"verify_after_sign": False}, "builder": {"thumbnail": {"enabled": False}}}
    context = c2pa.Context(c2pa.Settings.from_dict(settings))
    out = io.BytesIO()
    with c2pa.Builder(json.dumps(manifest), context) as builder:
        info = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
        builder.sign(c2pa.Signer.from_info(info), "image/png", io.BytesIO(data or texts(("Title", "before"))), out)
    return out.getvalue()
