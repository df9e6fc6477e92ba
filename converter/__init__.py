"""How values become payloads, and the one Temporal plugin that worker, client, replayer and tests share."""
