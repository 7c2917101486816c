"""The pages of the functions, with KARIN_INDEX=1 only: a list of them, and each of them under its name."""
