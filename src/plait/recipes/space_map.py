"""Map."""


def make_map(*a, **k):
    return {}
