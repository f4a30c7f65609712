"""The story: what Doorstep is for, told on the sample's accounts through HTTP alone.

A lender pushes accounts, visits are asked for and each is allowed or denied with its law, one
debtor agrees a plan and his visit is called off, a payment comes in. The same code tells it to the
house in one process, to separate processes and through the gateway of the containers. Every step
says what must come of it, and raises StoryWentOtherwise if something else does.
"""

from doorstep.story.callers import Callers, callers, story_tokens
from doorstep.story.telling import tell

__all__ = ["Callers", "callers", "story_tokens", "tell"]
