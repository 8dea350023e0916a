"""Arguments that remember which of them a resolver has read.

An argument that nobody read would be ignored in silence; the emulator answers
"not emulated" for it instead.
"""


class Args(dict):
    """A dict whose nested dicts are `Args` too; `unread()` lists what nobody read."""

    def __init__(self, values):
        super().__init__({key: _wrap(value) for key, value in values.items()})
        self._read = set()

    def __getitem__(self, key):
        self._read.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self._read.add(key)
        return super().get(key, default)

    def __contains__(self, key):
        return super().__contains__(key)

    def __iter__(self):
        self._read.update(super().keys())
        return super().__iter__()

    def keys(self):
        self._read.update(super().keys())
        return super().keys()

    def items(self):
        self._read.update(super().keys())
        return super().items()

    def values(self):
        self._read.update(super().keys())
        return super().values()

    def accept(self, *names):
        """Say that these need no work here."""
        self._read.update(names)

    def unread(self, path="") -> list[str]:
        names = []
        for key, value in super().items():
            here = f"{path}.{key}" if path else key
            if key not in self._read:
                # False and [] ask for nothing.
                if value not in (None, False, []):
                    names.append(here)
                continue
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, Args):
                    names += inner.unread(here)
        return names


def _wrap(value):
    if isinstance(value, dict):
        return Args(value)
    if isinstance(value, list):
        return [_wrap(item) for item in value]
    return value
