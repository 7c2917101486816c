"""Reading the world: what to read and when, what it costs, and the thread that does it."""
