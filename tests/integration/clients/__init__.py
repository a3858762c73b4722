"""Other people's clients, unmodified, in a bottle: what they need to find by themselves they find."""
