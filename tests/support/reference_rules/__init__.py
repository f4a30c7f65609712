"""A second reading of the rules, slow and obvious, for tests only.

Written from the meaning of the rules, not from the engine: it shares no code with it and imports
nothing of it. Packs are plain mappings as YAML gives them, a contact is the JSON body of a check,
time is `datetime` and `zoneinfo`, and everything is counted by looking at all there is.
"""

from reference_rules.verdicts import Answer, reference_check

__all__ = ["Answer", "reference_check"]
