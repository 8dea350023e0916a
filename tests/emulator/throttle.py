"""The leaky bucket of one app on one shop."""

from datetime import datetime

BUCKETS = {  # plan -> (size, points restored a second); size = 20 x rate
    "Basic": (2000, 100),
    "Grow": (2000, 100),
    "Advanced": (4000, 200),
    "Plus": (20000, 1000),
    "Enterprise": (40000, 2000),
}


class Bucket:
    def __init__(self, plan: str, now: datetime):
        self.size, self.rate = BUCKETS.get(plan, BUCKETS["Basic"])
        self.points = float(self.size)
        self._at = now

    def available(self, now: datetime) -> float:
        self.points = min(
            self.size, self.points + (now - self._at).total_seconds() * self.rate
        )
        self._at = now
        return self.points

    def take(self, cost: float, now: datetime) -> bool:
        """Reserve the requested cost; False when the bucket doesn't hold it."""
        if self.available(now) < cost:
            return False
        self.points -= cost
        return True

    def give_back(self, points: float, now: datetime) -> None:
        self.points = min(self.size, self.available(now) + points)

    def status(self, now: datetime) -> dict:
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": int(self.available(now)),
            "restoreRate": float(self.rate),
        }
