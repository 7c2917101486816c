"""The requests and responses of each action: typed structs, one module for each family of actions."""
