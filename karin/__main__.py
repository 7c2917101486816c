"""``python -m karin``: the same as the command ``karin``."""

from karin.cli.main import entry

if __name__ == "__main__":
    entry()
