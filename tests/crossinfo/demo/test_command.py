"""``python -m crossinfo.demo`` from its start to Ctrl-C."""

import http.client
import os
import resource
import signal
import subprocess
import sys

import pytest

from tests.helpers.demo_server import post_frame

pytest.importorskip("uvicorn", reason="needs uvicorn (pip install -e '.[demo]')")

from crossinfo.demo import samples  # noqa: E402


def test_the_command_serves_without_writing_until_ctrl_c(export_base, tmp_path):
    sample = samples.create()[0]
    words = [sys.executable, "-m", "crossinfo.demo", f"--model={export_base}", "--port=0"]
    places = {name: str(tmp_path) for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
    environment = os.environ | places | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(
        words, env=environment, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, process.stderr.read()
        # From here on it fails as soon as it writes one byte to a file.
        before = sorted(tmp_path.rglob("*"))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        port = int(line.rpartition(":")[2].partition("/")[0])
        assert post_frame(port, sample, sample.png)[0] == 200
        assert post_frame(port, sample, b"x" * 2**20)[0] == 400
        # A connection that stays open does not keep the command from ending.
        kept_alive = http.client.HTTPConnection("127.0.0.1", port)
        kept_alive.request("GET", "/about.json")
        kept_alive.getresponse().read()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130 and complaints.split() == ["stopped."]
    assert sorted(tmp_path.rglob("*")) == before
    kept_alive.close()
