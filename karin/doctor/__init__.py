"""What keeps messages from arriving without anybody noticing: facts are gathered first, then plain checks look at them.

Each check is a function from facts to findings and asks nothing of anybody. Knows both AWS and the store, but no door.
"""
