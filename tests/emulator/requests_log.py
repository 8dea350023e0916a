"""The log of what a shop was asked."""

from dataclasses import asdict, dataclass, field


@dataclass
class Request:
    """One GraphQL request. `outcome`: ok, errors, throttled, denied, invalid, or the
    kind of the fault that struck it."""

    operation: str | None
    query: str
    variables: dict
    fields: list[str]  # root fields
    kind: str  # query | mutation
    started: str
    cost: int = 0
    outcome: str = "running"
    status: int = 200
    seconds: float = 0.0
    request_id: str = ""
    errors: list = field(default_factory=list)
    applied: list[str] = field(default_factory=list)  # mutations without user errors

    def as_dict(self) -> dict:
        return asdict(self)
