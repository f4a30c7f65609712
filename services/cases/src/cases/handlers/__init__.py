"""What can happen in cases: one function for each, given a session and the time."""
