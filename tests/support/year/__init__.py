"""A year at the door, simulated: the real services, a clock that runs, a bus at its worst, deaths.

`run_year(seed)` lets people of a made-up year plan, call, fall ill, pay and complain while the
services' own loops and handlers work on real databases, die between any two steps and begin again.
`checker` then reads what is left with rules of its own. The same seed is the same year, to the last
row, on new databases.
"""
