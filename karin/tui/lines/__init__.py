"""karin-tui as plain lines, for where there is no terminal: the same views and actions, and no escape codes."""
