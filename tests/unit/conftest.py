"""Hypothesis without deadlines, which a busy machine breaks, and without a folder of old examples."""

from hypothesis import settings

settings.register_profile("karin", deadline=None, database=None)
settings.load_profile("karin")
