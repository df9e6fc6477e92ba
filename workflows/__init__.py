"""Durable workflows: they wait and perform, and hold no policy."""
