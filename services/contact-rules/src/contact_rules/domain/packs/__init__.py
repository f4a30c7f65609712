"""Packs of rules: read from YAML, chosen for a contact, shown to people."""

from contact_rules.domain.packs.library import Library, UnknownPack, load, shipped
from contact_rules.domain.packs.pack import Applies, Covers, Pack
from contact_rules.domain.packs.person_protection import guarded
from contact_rules.domain.yaml_nodes import BrokenPack

__all__ = [
    "Applies",
    "BrokenPack",
    "Covers",
    "Library",
    "Pack",
    "UnknownPack",
    "guarded",
    "load",
    "shipped",
]
