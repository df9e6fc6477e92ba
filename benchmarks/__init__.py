"""Our case workflow measured beside a bare hand-written one, on the same server in the same run."""
