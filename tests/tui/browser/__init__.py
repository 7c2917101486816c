"""karin-tui in a browser, for tests: its web server, and a client for it."""
