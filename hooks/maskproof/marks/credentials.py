"""Content Credentials: a C2PA manifest about a picture, signed with a certificate and put into its file.

Where a mark is a statement of whoever shipped the file, a manifest is one that breaks when the file is changed, and
that names its signer. The signing is done by c2pa-python (the extra `c2pa`), with every way to the network closed but
that to a time server which somebody names. Who the signer is, a verifier learns from the certificate alone: one that
was made for trying is on no trust list, and proves only that nothing was changed since.
Source: C2PA technical specification 2.2, chapters 13 (signatures), 14 (certificates).
"""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from maskproof.errors import CouldNotRestore, UsageError
from maskproof.evidence import signatures
from maskproof.images import containers

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
    from cryptography.x509 import Certificate

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "AVIF")
"""that can be signed; those that can be marked"""
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
"""names of C2PA for the signatures of these curves"""
TEST_DAYS = 365
"""how long a certificate for trying is in date"""
TEST_NAME = "maskproof test certificate (proves no identity)"
BEGIN_EARLIER = dt.timedelta(hours=1)
"""so that a certificate is in date on machines whose clocks are behind"""


class Identity(Struct, frozen=True):
    """Whose signature it is: a certificate that is in date, and the key that belongs to it."""

    name: str
    chain: bytes
    """certificates (PEM), the signer's first"""
    key: bytes
    """the private key (PEM)"""
    algorithm: str = "es256"
    """as C2PA names it"""
    time_server: str | None = None
    """the address of an RFC 3161 server that confirms the time; None: nobody is asked"""

    def __repr__(self) -> str:
        """Without the key."""
        return f"Identity(name={self.name!r}, algorithm={self.algorithm!r})"


class Ingredient(Struct, frozen=True):
    """A picture that went into the one that is signed; its own manifest, if it has one, is carried on."""

    title: str
    relation: str
    """`parentOf` or `componentOf`"""
    data: bytes

    @property
    def label(self) -> str:
        """The name by which actions refer to it."""
        return self.relation


def identity(chain: bytes, key: bytes, now: dt.datetime, time_server: str | None = None) -> Identity:
    """A certificate and its key, looked at before anything is signed with them.

    Args:
        chain: Certificates (PEM), the signer's first.
        key: Its private key (PEM), without a password.
        now: The time, with its zone.
        time_server: As `Identity.time_server`.

    Raises:
        UsageError: the extra is not installed; one of them cannot be read, they do not belong together, the
            certificate is out of date, or the time server's address is none.
    """
    if not signatures.available():
        raise UsageError("signing needs c2pa-python", "Install it: `pip install 'maskproof[c2pa]'`.")
    if time_server is not None and not _is_address(time_server):
        raise UsageError(f"{time_server!a} is no address of a time server", "It begins with http:// or https://.")
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        leaf = x509.load_pem_x509_certificates(chain)[0]
    except ValueError as error:
        raise UsageError("the certificate is no PEM file with certificates", "Name the signer's chain.") from error
    try:
        private = serialization.load_pem_private_key(key, None)
    except TypeError as error:
        raise UsageError("the key has a password", "Name a copy without one that only you can read.") from error
    except ValueError as error:
        raise UsageError("the key is no PEM file with a private key", "Name the key of the certificate.") from error
    name = _name(leaf)
    public = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*public) != leaf.public_key().public_bytes(*public):
        raise UsageError(f"the key is not that of the certificate {name!a}", "Name the two that belong together.")
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if not begins <= now <= ends:
        when = f"ended on {ends:%Y-%m-%d}" if now > ends else f"is not valid before {begins:%Y-%m-%d}"
        raise UsageError(f"the certificate {name!a} {when}", "Sign with one that is in date.")
    return Identity(name, chain, key, _algorithm(leaf), time_server)


def _is_address(text: str) -> bool:
    try:
        return urlsplit(text).scheme in {"http", "https"} and bool(urlsplit(text).hostname)
    except ValueError:
        return False


def _name(leaf: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    found = (leaf.subject.get_attributes_for_oid(one) for one in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME))
    return next((str(one[0].value) for one in found if one), "without a name")[:100]


def _algorithm(leaf: Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key = leaf.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPublicKey):
        return "ps256"
    raise UsageError("the certificate's key is of a kind that C2PA does not sign with", "Use ECDSA, RSA or Ed25519.")


def sign(data: bytes, name: str, manifest: dict[str, Any], ingredients: tuple[Ingredient, ...], by: Identity) -> bytes:
    """The file with this manifest in it; one that was there is replaced, unless an ingredient carries it on.

    Args:
        data: The file.
        name: What messages call it.
        manifest: As c2pa-python takes it.
        ingredients: The pictures that its actions refer to by their labels.
        by: Who signs.

    Raises:
        CouldNotRestore: its format cannot be signed, or what came of it would not be taken by a verifier.
        CouldNotJudge: an ingredient or the file cannot be read.
        UsageError: the time server gives no time that can be used.
    """
    kind = containers.format_of(data)
    if kind not in FORMATS:
        raise CouldNotRestore(f"{name}: its format is not signed", f"Save it as one of {', '.join(FORMATS)}.")
    try:
        made = _signed(data, manifest, ingredients, by)
    except Exception as error:
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        if by.time_server and _is_signed_without(data, manifest, ingredients, by):
            raise UsageError(
                f"the time server {by.time_server} gave no time that can be used: {said}",
                "Name another one, or leave out `--timestamp`.",
            ) from error
        raise CouldNotRestore(f"{name}: it was not signed: {said}", "Look at the certificate and its key.") from error
    found = signatures.verify(made, kind)
    if found is None or not found.intact or signatures.UNFIT in found.distrusted:
        why = "nothing can read it" if found is None else str(found)
        raise CouldNotRestore(
            f"{name}: verifiers would not take the signature ({why})",
            "C2PA asks for certificates of its own kind: docs/sign.md says which.",
        )
    return made


def _signed(data: bytes, manifest: dict[str, Any], ingredients: tuple[Ingredient, ...], by: Identity) -> bytes:
    """The file with the manifest; what c2pa-python raises is its own."""
    import c2pa

    out = io.BytesIO()
    with c2pa.Builder(msgspec.json.encode({**manifest, "format": _mime(data)}).decode(), _context(by)) as builder:
        for one in ingredients:
            about = {"title": one.title, "relationship": one.relation, "label": one.label}
            builder.add_ingredient(about, _mime(one.data), io.BytesIO(one.data))
        who = c2pa.C2paSignerInfo(by.algorithm.encode(), by.chain, by.key, by.time_server)
        builder.sign(c2pa.Signer.from_info(who), _mime(data), io.BytesIO(data), out)
    return out.getvalue()


def _is_signed_without(
    data: bytes, manifest: dict[str, Any], ingredients: tuple[Ingredient, ...], by: Identity
) -> bool:
    """Is the time server what it failed at? The library's words for that differ with each fault of the server."""
    try:
        _signed(data, manifest, ingredients, replace(by, time_server=None))
    except Exception:  # noqa: BLE001 - the binding raises more than its own errors
        return False
    return True


def _mime(data: bytes) -> str:
    return f"image/{(containers.format_of(data) or 'unknown').lower()}"


def _context(by: Identity) -> Any:
    """Nothing is looked up; what is signed is verified here, and no small copy of the picture is put in."""
    import c2pa

    hosts = [urlsplit(by.time_server).hostname] if by.time_server else []
    settings = {
        **signatures.SETTINGS,
        "core": signatures.SETTINGS["core"] | {"allowed_network_hosts": hosts},
        "verify": signatures.SETTINGS["verify"] | {"verify_after_sign": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def new_test_certificate(now: dt.datetime) -> tuple[bytes, bytes]:
    """A chain (PEM) of a certificate for trying and the root that issued it, and the certificate's key (PEM).

    The root's key is thrown away, so that nothing else can be issued by it.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = serialization.Encoding.PEM
    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issued = (_certificate(TEST_NAME, own, root, now), _certificate(f"{TEST_NAME}, root", root, root, now))
    chain = b"".join(one.public_bytes(pem) for one in issued)
    return chain, own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _certificate(
    subject: str, key: CertificateIssuerPrivateKeyTypes, issuer: CertificateIssuerPrivateKeyTypes, now: dt.datetime
) -> Certificate:
    """A certificate of the form that C2PA asks for (chapter 14.5), or the root that it hangs on."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(common: str) -> x509.Name:
        parts = ((NameOID.COMMON_NAME, common[:64]), (NameOID.ORGANIZATION_NAME, "maskproof test"))
        return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])

    root = key is issuer
    other = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    usage = dict.fromkeys((*other, "encipher_only", "decipher_only"), False)
    made = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(f"{TEST_NAME}, root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEGIN_EARLIER)
        .not_valid_after(now + dt.timedelta(days=TEST_DAYS))
        .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(not root, key_cert_sign=root, crl_sign=root, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    if not root:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(issuer, hashes.SHA256())
