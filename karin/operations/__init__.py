"""What karin can do, once: every door (endpoint, scheduler, command line, terminal UI) calls these operations."""
