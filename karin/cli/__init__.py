"""The command line: every action has a command here, with ``--json`` for scripts."""
