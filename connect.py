"""A client to the Temporal server that the environment names, else to the embedded one; and the keys it reads with."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import cast

from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.plugin import SimplePlugin

from converter.codec import CaseCodec, KnownKeys
from converter.keys import CaseKeys
from converter.master_keys import FileMasterKeys, LocalMasterKeys, MasterKeys
from converter.plugin import plugin
from settings import Settings


class NoKeys(RuntimeError):
    """No master keys, or no key database: nothing can be read or written."""


def encrypting(settings: Settings) -> SimplePlugin:
    """The plugin, with the codec and the keys that the settings name. ALL-6."""
    return plugin(CaseCodec(keys(settings)))


@cache
def keys(settings: Settings) -> KnownKeys:
    """The keys of cases, one set a process. Raises NoKeys where they can't be had; says why."""
    try:
        return KnownKeys(CaseKeys.open(settings.keys, master_keys(settings)))
    except (ImportError, AttributeError, OSError, ValueError, SQLAlchemyError) as error:
        raise NoKeys(f"the keys of cases can't be had: {error}") from error


def master_keys(settings: Settings) -> MasterKeys:
    """The master keys: of a key management service, of the environment, or of a file, whichever is named."""
    if settings.kms:
        module, _, factory = settings.kms.partition(":")
        return cast(Callable[[], MasterKeys], getattr(import_module(module), factory))()
    if settings.master_keys:
        return LocalMasterKeys.read(settings.master_keys.get_secret_value())
    return FileMasterKeys(settings.master_keys_path)


async def connect(settings: Settings) -> Client:
    """Connect by `TEMPORAL_*` variables and profiles; what they leave open is the embedded server's.

    Raises RuntimeError when there is no answer.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", f"127.0.0.1:{settings.port}")
    config.setdefault("namespace", settings.namespace)
    return await Client.connect(**config, plugins=[encrypting(settings)])
