"""The schema of the plans database, one hand-written step after another."""
