"""Opens the sealed payloads of histories, with the keys that there are."""

from temporalio.api.history.v1 import History
from temporalio.converter import PayloadCodec, WithSerializationContext, WorkflowSerializationContext

from activities.archive.reading import opened, payloads
from audit.life import Run
from converter.codec import key_id
from workflows.inbox import is_refused


class Unreadable(ValueError):
    """Nothing in a run can be opened; says which."""


class Opener:
    """Opens runs by the codec, as a worker would; each once."""

    def __init__(self, codec: PayloadCodec | None) -> None:
        self.codec = codec
        self._opened: dict[str, History] = {}

    async def opened(self, run: Run) -> History:
        """A run's history with its payloads opened. Raises ValueError where it is none, Unreadable without keys."""
        known = self._opened.get(run.run_id)
        if known is None:
            codec = self.codec
            if isinstance(codec, WithSerializationContext):
                codec = codec.with_context(WorkflowSerializationContext(namespace="", workflow_id=run.workflow_id))
            known = self._opened[run.run_id] = await opened(run.read(), codec)
        if nobody_reads(known):
            raise Unreadable(f"run {run.run_id} can't be opened: the keys of its case are not here")
        return known


def nobody_reads(history: History) -> bool:
    """Whether there are payloads, and none could be opened."""
    found = list(payloads(history))
    return bool(found) and all(is_refused(payload) or key_id(payload) is not None for payload in found)
