"""What the policy says. Pure: no Temporal, no I/O, no clock, no random."""
