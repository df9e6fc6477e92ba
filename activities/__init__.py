"""What the outside world is asked to do: render and deliver letters, keep records."""
