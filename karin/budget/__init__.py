"""The commands that a store's plan allows in a day: what is spent of them, and what karin gives up so they last."""
