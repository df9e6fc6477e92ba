"""Policy editions as dated, cited data, and how one is read."""
