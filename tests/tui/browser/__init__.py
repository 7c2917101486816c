"""karin-tui in a browser, for tests: its web server, a client for it, and a real Chromium."""
