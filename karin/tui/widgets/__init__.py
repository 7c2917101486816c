"""Parts of a screen: each shows frozen values and knows nothing of where they come from."""
