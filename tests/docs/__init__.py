"""The documentation is held to the code, and its links to what is there."""
