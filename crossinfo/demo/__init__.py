"""A web page to try out a trained network: drop a depth PNG, see the hand's joints.

``samples`` are the frames to start with, ``answers`` turns an uploaded file into what the page shows,
``app`` is the HTTP application, ``server`` runs it, and ``__main__`` is the command. The page itself is in
``crossinfo/web``.
"""
