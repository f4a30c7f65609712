"""Tables of contact-rules: load and save, and the lock that a decision is made under."""
