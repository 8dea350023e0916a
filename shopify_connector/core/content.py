"""What a record says, as a digest to recognise and as differences to show."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .outcome import Change


def digest(values: Any) -> str:
    """64 hexadecimal digits, equal for equal JSON values whatever their order of keys.

    Decimals and dates are told apart by their text: 1.0 and 1.00 differ.
    """
    text = json.dumps(
        values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Fields of `after` that read differently in `before`, in the order of `after`.

    A field that `before` never held is no change: nothing is known about its past.
    """
    return tuple(
        Change(key, before[key], value)
        for key, value in after.items()
        if key in before and before[key] != value
    )
