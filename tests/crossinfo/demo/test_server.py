"""Where the demo listens, and how it is served."""

import gc

import pytest

from datasets.errors import InputError

uvicorn = pytest.importorskip("uvicorn", reason="needs uvicorn (pip install -e '.[demo]')")

from crossinfo.demo import server  # noqa: E402


@pytest.mark.parametrize(
    ("host", "argument"), [("999.1.1.1", "`host`"), ("192.0.2.1", "`port`"), ("a" * 99, "`(host|port)`")]
)
def test_a_place_that_cannot_be_listened_on_is_named(host, argument):
    with pytest.raises(InputError, match=argument):
        server.listen(host, 0)


def test_ipv6_stands_in_brackets():
    assert server.url_host("::1") == "[::1]" and server.url_host("localhost") == "localhost"


def test_a_port_in_use_is_named():
    with server.listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(InputError, match=f"`port`={port}: Address already in use on 127.0.0.1"):
            server.listen("127.0.0.1", port)


def test_what_lives_long_is_frozen_while_serving(monkeypatch):
    """Otherwise the interpreter's final collection takes seconds after Ctrl-C."""
    frozen = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: frozen.append(gc.get_freeze_count()))
    gc.unfreeze()
    try:
        server.serve(None, None)
    finally:
        gc.unfreeze()
    assert frozen[0] > 0
