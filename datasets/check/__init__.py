"""What ``python -m datasets.check`` looks at: one small function a question, each giving ``Finding``s.

``findings`` says what a finding is and how it is printed, ``source`` which data, ``split`` what a check
is given. The checks are in ``counts`` (is everything there?), ``poses`` (labels alone), ``pictures``
(decoded frames) and ``places`` (centres and cubes); ``run`` lists and runs them.
"""
