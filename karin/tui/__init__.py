"""The terminal UI: queues and mappings, live, with keys for what one does on a visit.

Data flows one way: a thread reads (source), posts frozen values (messages), the app keeps them in reactives, and
widgets are bound to those. Widgets post intents; only the source and the actions know the store.
"""
