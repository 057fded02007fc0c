"""A certificate authority for tests, and leaves that are right, expired or for another host."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)


class Authority:
    """One authority; `ca_file` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        """Make the authority's key and certificate in a folder."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("LUX test authority")
        builder = _builder(self._name, self._name, self._key.public_key(), expired=False)
        usage = x509.BasicConstraints(ca=True, path_length=0)
        self._certificate = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.ca_file = folder / "ca.pem"
        self.ca_file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *hosts: str, expired: bool = False, self_signed: bool = False) -> ssl.SSLContext:
        """Return a server's TLS context for these hosts (default: loopback).

        `self_signed`: by a key nobody trusts, instead of this authority.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name((hosts or ("localhost",))[0])
        issuer, signer = (subject, key) if self_signed else (self._name, self._key)
        builder = _builder(subject, issuer, key.public_key(), expired=expired)
        names = [_alternative(host) for host in hosts or ("localhost", "127.0.0.1")]
        leaf = (
            builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(signer, hashes.SHA256())
        )
        file = self._folder / f"{leaf.serial_number:x}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, expired: bool
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    start = now - 60 * DAY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(now - DAY if expired else now + 30 * DAY)
    )
