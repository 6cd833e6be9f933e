"""A web page to try a trained network: drop a depth PNG, see its joints.

``samples`` are the frames to start with, ``answers`` goes from an uploaded file to what the page shows,
``app`` is the HTTP side, ``__main__`` the command. The page itself is in ``crossinfo/web``.
"""
