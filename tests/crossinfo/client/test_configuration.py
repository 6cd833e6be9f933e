"""The files of ``crossinfo/serving``: they parse by the official messages, and name what is there."""

import re
import shutil
import subprocess

import pytest

from tests.crossinfo.client.conftest import SERVING


def test_two_versions_have_labels():
    messages = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2", reason="needs tensorflow-serving-api"
    )
    from google.protobuf import text_format

    config = text_format.Parse((SERVING / "models.config").read_text(), messages.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.model_platform) == ("hand", "tensorflow")
    assert list(model.model_version_policy.specific.versions) == [1, 2]
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}


def test_the_composition_names_files_that_exist_and_mounts_models_read_only():
    text = (SERVING / "docker-compose.yml").read_text()
    files = re.findall(r"/config/([\w.]+)", text)
    assert set(files) == {"models.config", "monitoring.config", "batching.config"}
    assert all((SERVING / file).is_file() for file in files)
    assert ":/models/hand:ro" in text and ".:/config:ro" in text


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_health_check_tells_a_server_from_none(server):
    (line,) = re.findall(r"- '(exec .*)'", (SERVING / "docker-compose.yml").read_text())
    port = server.rest.rpartition(":")[2]
    assert subprocess.run(["bash", "-c", line.replace("8501", port)], timeout=20).returncode == 0
    stopped = subprocess.run(["bash", "-c", line.replace("8501", "1")], capture_output=True, timeout=20)
    assert stopped.returncode != 0
    absent = line.replace("8501", port).replace("stable", "absent")
    assert subprocess.run(["bash", "-c", absent], timeout=20).returncode != 0


@pytest.mark.skipif(
    subprocess.run("docker compose version", shell=True, capture_output=True).returncode != 0,
    reason="needs docker compose",
)
@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_docker_accepts_the_composition(profile, tmp_path):
    command = ["docker", "compose", "-f", SERVING / "docker-compose.yml", "--profile", profile, "config"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": "/usr/bin:/usr/local/bin", "MODELS": "/m"}
    )
    assert done.returncode == 0, done.stderr
