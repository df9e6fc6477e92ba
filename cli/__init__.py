"""The commands of `starter.py`, a module each."""
