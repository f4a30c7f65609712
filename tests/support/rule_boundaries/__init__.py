"""Cases at the edges of a rule, worked out of its YAML alone, with the result each must have.

Nothing here looks at what the engine made of a rule: hours, limits and days are read off the page
of the pack, and a case says what a lawyer with that page, a calendar and a clock would say. Each
module knows one sort of edge. What none of them can read raises `NotHandled`: an edge that is not
tried is never passed over in silence.
"""
