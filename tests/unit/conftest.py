"""Hypothesis without deadlines, which a busy machine breaks, and without a folder of old examples.

Every run tries others: half of what hypothesis tries by itself is a lot over many runs, and `make fuzz` tries far more.
"""

from hypothesis import settings

settings.register_profile("karin", deadline=None, database=None, max_examples=50)
settings.load_profile("karin")
