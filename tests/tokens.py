"""An issuer of tokens for tests: its keys, its JWKS, good tokens, and those a forger would make."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE, NAMESPACE = "https://login.example", "reengagement-codec", "reengagement"
HOUR = 3600


class Issuer:
    """Signs with an RSA and an EC key, named `rsa` and `ec`."""

    def __init__(self) -> None:
        self._rsa = rsa.generate_private_key(65537, 2048)
        self._ec = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> str:
        rsa_key = RSAAlgorithm.to_jwk(self._rsa.public_key(), as_dict=True)
        ec_key = ECAlgorithm.to_jwk(self._ec.public_key(), as_dict=True)
        named = [rsa_key | {"kid": "rsa", "use": "sig", "alg": "RS256"}, ec_key | {"kid": "ec", "use": "sig"}]
        return json.dumps({"keys": named})

    def publish(self, path: Path) -> Path:
        path.write_text(self.jwks())
        return path

    def token(self, *permissions: object, key: str = "rsa", **claims: object) -> str:
        """A good token, save for the claims given; one that is None is left out."""
        kind, algorithm = (self._rsa, "RS256") if key == "rsa" else (self._ec, "ES256")
        return jwt.encode(_claims(permissions, claims), kind, algorithm, headers={"kid": key})

    def by_a_stranger(self) -> str:
        """Signed with somebody else's key, under the name of a good one."""
        return jwt.encode(_claims(_WRITES, {}), rsa.generate_private_key(65537, 2048), "RS256", headers={"kid": "rsa"})

    def by_key(self, kid: str | None) -> str:
        """Rightly signed, under another name or none."""
        return jwt.encode(_claims(_WRITES, {}), self._rsa, "RS256", headers={"kid": kid} if kid else {})

    def by_another_padding(self) -> str:
        """Rightly signed by the RSA key, by an algorithm on the list that is not the key's."""
        return jwt.encode(_claims(_WRITES, {}), self._rsa, "PS256", headers={"kid": "rsa"})

    def unsigned(self) -> str:
        return _put_together({"alg": "none", "typ": "JWT", "kid": "rsa"}, _claims(_WRITES, {}), b"")

    def by_the_public_key(self, kid: str = "rsa") -> str:
        """The old trick: the public key, which everybody has, as the secret of a shared one."""
        pem = self._rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return self._shared("HS256", kid, pem)

    def by_the_published_key(self) -> str:
        return self._shared("HS256", "rsa", json.dumps(json.loads(self.jwks())["keys"][0]).encode())

    def said_to_be_signed(self) -> str:
        """A shared secret's signature that says it is the RSA key's."""
        pem = self._rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return self._shared("RS256", "rsa", pem)

    def _shared(self, says: str, kid: str, secret: bytes) -> str:
        header, claims = {"alg": says, "typ": "JWT", "kid": kid}, _claims(_WRITES, {})
        signed = _put_together(header, claims, b"").rstrip(".").encode()
        return _put_together(header, claims, hmac.digest(secret, signed, hashlib.sha256))


_WRITES = (f"{NAMESPACE}:write",)


def _claims(permissions: tuple[object, ...], claims: Mapping[str, object]) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada@agency.example", "iat": now, "exp": now + HOUR}
    every = {**good, "permissions": list(permissions), **claims}
    return {name: value for name, value in every.items() if value is not None}


def _put_together(header: Mapping[str, str], claims: Mapping[str, object], signature: bytes) -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
