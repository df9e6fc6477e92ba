"""A client to the Temporal server that the environment names, else to the embedded one."""

from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from converter.plugin import plugin
from settings import Settings


async def connect(settings: Settings) -> Client:
    """Connect by `TEMPORAL_*` variables and profiles; what they leave open is the embedded server's.

    Raises RuntimeError when there is no answer.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", f"127.0.0.1:{settings.port}")
    config.setdefault("namespace", settings.namespace)
    return await Client.connect(**config, plugins=[plugin()])
