"""Who may have payloads decoded and encoded: by a signed token, or, for development, anybody on this machine."""

import asyncio
import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKClientConnectionError, PyJWKClientError, PyJWKSet, PyJWKSetError

from settings import Settings

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a private key. None by a shared secret (HS*): who can check such a token can make one."""

_CLOCKS_DIFFER_SECONDS = 30
_JWKS_ANSWERS_SECONDS = 5


class Role(StrEnum):
    """What a token's `permissions` give in a namespace."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Call(StrEnum):
    """What can be asked for."""

    DECODE = "decode"
    ENCODE = "encode"


MAY = {Call.DECODE: {Role.READ, Role.WRITE, Role.ADMIN}, Call.ENCODE: {Role.WRITE, Role.ADMIN}}
"""Auditors (read) look; operations staff (write, admin) send as well."""


@dataclass(frozen=True)
class Caller:
    """Somebody with a role in the namespace of this server."""

    subject: str
    namespace: str
    role: Role


class Refused(Exception):
    """A call that gets no answer: the HTTP status and why, in words that quote nothing of the call."""

    def __init__(self, status: int, why: str, *, subject: str | None = None, again_in: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.subject = subject
        self.again_in = again_in


class WrongSettings(RuntimeError):
    """Settings that are missing or do not fit each other; `faults` has the reason by name."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name} {why}" for name, why in faults.items()))
        self.faults = faults


class KeysUnavailable(RuntimeError):
    """The keys that tokens are signed with can't be read."""


class Access(Protocol):
    """Tells who calls."""

    hosts: frozenset[str] | None
    """The names this server may be called by; None: any."""

    async def caller(self, authorization: str | None, namespace: str | None) -> Caller:
        """Who calls with this `Authorization` and `X-Namespace`, and in which role. Raises Refused (401, 403, 503)."""


def access_by(settings: Settings, namespace: str, *, dev: bool = False) -> Access:
    """By token wherever keys of tokens are set; else, and for development only, whoever is on this machine.

    Raises WrongSettings, and KeysUnavailable when the keys can't be read now.
    """
    jwks, issuer, audience = settings.jwks, settings.jwt_issuer, settings.jwt_audience
    if dev and not jwks:
        if not _is_loopback(settings.codec_host):
            why = "is to be 127.0.0.1 or ::1 where no token is asked for (REENGAGEMENT_JWKS)"
            raise WrongSettings({"REENGAGEMENT_CODEC_HOST": why})
        return ThisMachine(namespace, settings.codec_port)
    if not (jwks and issuer and audience and settings.ui_origins):
        needed = ("jwks", "jwt_issuer", "jwt_audience", "ui_origins")
        missing = [name for name in needed if not getattr(settings, name)]
        raise WrongSettings({f"REENGAGEMENT_{name.upper()}": "is missing; tokens need it" for name in missing})
    key = _KeyAddress(jwks) if "://" in jwks else _KeyFile(Path(jwks))
    return ByToken(key, issuer, audience, namespace)


class ThisMachine:
    """Development without tokens: whoever is on this machine may do everything.

    The name of another site can be made to point at this machine (DNS rebinding), and its pages are then of the same
    origin as this server. So it must be called by a name of this machine.
    """

    def __init__(self, namespace: str, port: int) -> None:
        self._namespace = namespace
        self.hosts: frozenset[str] | None = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    async def caller(self, authorization: str | None, namespace: str | None) -> Caller:
        """Anybody. Raises Refused (403) for another namespace."""
        return Caller("this machine", _served(namespace, self._namespace, "this machine"), Role.ADMIN)


class ByToken:
    """A JWT, signed with one of the keys known, says who calls and in which role."""

    hosts: frozenset[str] | None = None

    def __init__(self, key: Callable[[str], PyJWK], issuer: str, audience: str, namespace: str) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._namespace = namespace

    async def caller(self, authorization: str | None, namespace: str | None) -> Caller:
        """The token's subject, in its highest role. Raises Refused (401, 403, 503)."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "a token is needed: Authorization: Bearer ...")
        claims = await asyncio.to_thread(self._claims, token.strip())
        subject = str(claims["sub"])
        role = role_in(_served(namespace, self._namespace, subject), claims.get("permissions"))
        if role is None:
            raise Refused(403, "the token's permissions give no role in this namespace", subject=subject)
        return Caller(subject, self._namespace, role)

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise jwt.InvalidAlgorithmError
            return jwt.decode(
                token,
                self._key(header.get("kid", "")),
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                leeway=_CLOCKS_DIFFER_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
        except KeysUnavailable as error:
            raise Refused(503, "the keys that tokens are signed with can't be read now") from error
        except (jwt.PyJWTError, KeyError, TypeError, OverflowError) as error:
            raise Refused(401, _why(error)) from error


def role_in(namespace: str, permissions: object) -> Role | None:
    """The highest role that permissions of the form `namespace:role` give in a namespace.

    They are read as by Temporal's default claim mapper, with one difference: a role for the whole server
    (`temporal-system:admin`) is for those who run it, and gives nothing here.
    """
    held = set()
    for permission in permissions if isinstance(permissions, list) else ():
        where, _, what = str(permission).partition(":")
        if where == namespace:
            held.add(what.lower())
    return next((role for role in (Role.ADMIN, Role.WRITE, Role.READ) if role in held), None)


def expect_permitted(caller: Caller, call: Call) -> None:
    """Raises Refused (403) where the caller's role is not enough."""
    if caller.role not in MAY[call]:
        raise Refused(403, f"the role {caller.role} may not {call}", subject=caller.subject)


def _served(asked: str | None, served: str, subject: str) -> str:
    """Payloads do not say which namespace they are of: a role in another one must open nothing here."""
    if asked is None:
        raise Refused(403, "X-Namespace is missing: it names the namespace of the payloads", subject=subject)
    if asked != served:
        raise Refused(403, "X-Namespace names a namespace that is not served here", subject=subject)
    return served


class _KeyFile:
    """Keys from a JWKS file, read again when it has changed. KeyError for a key that is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = (0, 0, 0)
        self._keys: dict[str | None, PyJWK] = {}
        self._read()

    def __call__(self, kid: str) -> PyJWK:
        self._read()
        return self._keys[kid]

    def _read(self) -> None:
        try:
            stat = self._path.stat()
            state = stat.st_ino, stat.st_mtime_ns, stat.st_size
            if state != self._state:
                every = PyJWKSet.from_dict(json.loads(self._path.read_bytes())).keys
                self._keys = {key.key_id: key for key in every if key.public_key_use in ("sig", None)}
                self._state = state
        except (OSError, ValueError, AttributeError, jwt.PyJWTError) as error:
            raise KeysUnavailable(f"REENGAGEMENT_JWKS: no keys in {self._path} ({type(error).__name__})") from error


class _KeyAddress:
    """Keys from a JWKS address; it is asked again every 5 minutes, and for a new key at most every 30 seconds."""

    def __init__(self, address: str) -> None:
        self._client = PyJWKClient(address, timeout=_JWKS_ANSWERS_SECONDS)
        try:
            self._client.get_signing_keys()
        except (jwt.PyJWTError, OSError, ValueError) as error:
            raise KeysUnavailable(f"REENGAGEMENT_JWKS: no keys at {address} ({type(error).__name__})") from error

    def __call__(self, kid: str) -> PyJWK:
        try:
            return self._client.get_signing_key(kid)
        except (PyJWKClientConnectionError, PyJWKSetError, OSError, ValueError) as error:
            raise KeysUnavailable from error
        except PyJWKClientError as error:
            raise KeyError(kid) from error


_WHY: tuple[tuple[type[Exception], str], ...] = (
    (KeyError, "the token is signed with a key that is not known here"),
    (jwt.InvalidSignatureError, "the token's signature is not right"),
    (jwt.InvalidAlgorithmError, "the token is signed in a way that is not taken here"),
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidIssuerError, "the token is of another issuer"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.MissingRequiredClaimError, "the token lacks one of exp, iss, aud, sub"),
)


def _why(error: Exception) -> str:
    return next((why for kind, why in _WHY if isinstance(error, kind)), "the token can't be read")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
