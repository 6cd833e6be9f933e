"""Finding hands in a whole depth frame: where each is, how it is turned, and whether it is a left one.

frame -> ``canvas`` (small, of one size) -> ``network`` -> maps -> ``detection`` -> hands in camera space.
``targets`` is the way back, for training.
"""
