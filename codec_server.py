"""Runs the codec server for the Temporal UI and command line: settings, then the keys of cases, then the server."""

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import Annotated

import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError
from temporalio.envconfig import ClientConfig

from connect import NoKeys, keys
from converter.access import KeysUnavailable, WrongSettings, access_by
from converter.codec import CaseCodec
from converter.codec_server import CannotServe, serving
from logs import Plain
from process import run_and_exit, started
from settings import Settings

log = structlog.get_logger("codec_server")


async def serve(settings: Settings, *, dev: bool) -> int:
    """Answer calls until told to stop (SIGINT, SIGTERM): 0. When something needed is missing: 1. Wrong settings: 2."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    namespace = settings.namespace
    if not dev:
        namespace = ClientConfig.load_client_connect_config().get("namespace", namespace)
    async with AsyncExitStack() as stack:
        try:
            access = access_by(settings, namespace, dev=dev)
            known = await asyncio.to_thread(keys, settings)
            stack.callback(known.stored.close)
            address = await stack.enter_async_context(serving(settings, CaseCodec(known), access, known.stored.case_of))
        except WrongSettings as error:
            for name, why in error.faults.items():
                log.error("wrong setting", name=Plain(name), why=Plain(why))
            return 2
        except (CannotServe, KeysUnavailable, NoKeys, OSError, ValueError, SQLAlchemyError) as error:
            log.error("cannot start", because=Plain(error))
            return 1
        log.info("serving", address=address, namespace=namespace, pages=settings.ui_pages, tokens=bool(settings.jwks))
        await stop.wait()
    log.info("stopped")
    return 0


def main(
    dev: Annotated[
        bool, typer.Option("--dev", help="Without tokens, for this machine only; they are asked for if JWKS is set")
    ] = False,
) -> None:
    """Decode payloads of cases for those who may look, and encode them for those who may send, until stopped."""
    run_and_exit(serve(started(), dev=dev))


if __name__ == "__main__":
    typer.run(main)
