"""Documents signed with Ed25519, so that whoever reads one years later knows that nobody changed it. ALL-4."""

import base64
import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from keyfiles import made_once


class NotGenuine(ValueError):
    """A document is not what was signed, or by another key; says which."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in a PEM file, made where there is none; beside it `.pub`, for those who only verify.

    Raises NotGenuine where the file holds no Ed25519 key.
    """
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key = load_pem_private_key(made_once(path, fresh).encode(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise NotGenuine(f"{path}: wanted is an Ed25519 private key in PEM")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with suppress(OSError):  # where secrets are read-only, whoever made them gives the public key out
        made_once(path.with_suffix(".pub"), public)
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """The key in a PEM file. Raises NotGenuine where it holds no Ed25519 key, OSError where it can't be read."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise NotGenuine(f"{path}: wanted is an Ed25519 public key in PEM")
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """A short name for a key: the start of its hash."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def signed(document: Any, key: Ed25519PrivateKey) -> str:
    """A JSON document with its signature."""
    return _written(document, key.sign(canonical(document)), fingerprint(key.public_key()))


def verified(text: str, key: Ed25519PublicKey) -> Any:
    """The document as it was signed, to the byte: nothing in the file may be put otherwise. Raises NotGenuine."""
    try:
        wrapped = json.loads(text)
        document, signature, by = wrapped["document"], wrapped["signature"], wrapped["signed_by"]
        raw = base64.b64decode(signature, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotGenuine(f"is no signed document: {type(error).__name__}") from None
    if by != fingerprint(key):
        raise NotGenuine(f"signed_by: {by!s:.40}, wanted is {fingerprint(key)}")
    try:
        key.verify(raw, canonical(document))
    except (InvalidSignature, ValueError):
        raise NotGenuine("signature: is not of this document") from None
    if text != _written(document, raw, by):
        raise NotGenuine("is not written as it was signed: something was added, or put otherwise")
    return document


def read_unverified(text: str) -> Any:
    """What a signed document says, whoever signed it and whether or not it is genuine. Raises NotGenuine."""
    try:
        return json.loads(text)["document"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotGenuine(f"is no signed document: {type(error).__name__}") from None


def canonical(document: Any) -> bytes:
    """The one way to write a JSON document: what is signed, and what is hashed."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _written(document: Any, signature: bytes, by: str) -> str:
    wrapped = {"document": document, "signature": base64.b64encode(signature).decode(), "signed_by": by}
    return json.dumps(wrapped, indent=1, ensure_ascii=False) + "\n"
