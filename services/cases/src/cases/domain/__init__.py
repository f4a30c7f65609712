"""What cases decides: plain values and functions, without clock, database or network."""
