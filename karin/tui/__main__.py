"""``python -m karin.tui``: the same as the command ``karin-tui``."""

from karin.tui.main import entry

if __name__ == "__main__":
    entry()
