"""`make chaos`: real server and workers, everything that can go wrong with them, and every promise checked."""
