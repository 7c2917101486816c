"""`make audit`: what can be known of the dependencies without a network, and of an index's answers if there is one."""
