"""Case ids: opaque, the same for the same program, person and episode (ALL-6)."""

import hmac

_LENGTH = 24


def case_id(program: str, person: str, episode: int, key: bytes) -> str:
    """The workflow id of a case: the program, a keyed hash of program and person, and the episode after the first.

    Without the key an id can't be tested against guesses of who it is.
    """
    digest = hmac.new(key, f"{program}\n{person}".encode(), "sha256").hexdigest()[:_LENGTH]
    return f"{program}-{digest}" + (f"-{episode}" if episode > 1 else "")
