"""The shape of one entry of the catalogue of reasons."""

import re
from dataclasses import dataclass
from typing import Literal

Nature = Literal[
    "temporary", "configuration", "permission", "data", "conflict", "defect"
]
Role = Literal["user", "operator", "manager", "finance", "warehouse", "developer"]

_PARAM = re.compile(r"%\((\w+)\)s")
# Minutes before the second, third … try; the last one is repeated.
USUAL_DELAYS = (1, 2, 5, 15, 30, 60)


def _(text: str) -> str:
    """Marks a text for the translation extractor; the shell translates it."""
    return text


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a sync stopped, in words a person can act on.

    message: one sentence or two with %(name)s parameters. `record` is the subject
    itself ("Order #1042"); the shell fills it in, all others come with the failure.
    headline: the same for a group of items with one cause; without it the title.
    cause: the parameters that name the missing thing, when no waits-on key does.
    delays: minutes between tries; max_attempts: tries until a person is asked. Both
    only for temporary reasons. pause_after: subjects of one cause until a store-wide
    reason pauses the flow. weight: 0-100, the more harmful the higher.
    """

    code: str
    title: str
    message: str
    nature: Nature
    retry_safe: bool
    retry_text: str
    fix: str = "none"
    fix_label: str = ""
    owner_role: Role = "operator"
    weight: int = 50
    store_wide: bool = False
    headline: str = ""
    cause: tuple[str, ...] = ()
    delays: tuple[int, ...] = USUAL_DELAYS
    max_attempts: int = 12
    pause_after: int = 1

    @property
    def params(self) -> frozenset[str]:
        """Names that a failure must bring."""
        texts = self.message + self.headline + self.retry_text
        return frozenset(_PARAM.findall(texts)).union(self.cause) - {"record"}
