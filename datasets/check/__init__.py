"""What ``python -m datasets.check`` looks at: one small function per question, each giving ``Finding``s.

``counts`` asks whether everything is there and readable, ``labels`` whether joints are right, ``centres``
whether centres and cubes hold the hands. Each is given a ``sample.SampledSplit``; ``report`` runs them.
"""
