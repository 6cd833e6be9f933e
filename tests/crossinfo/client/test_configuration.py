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
    assert "--grpc_max_threads=${THREADS:-64}" in text
    assert ":/models/hand:ro" in text and ".:/config:ro" in text


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_health_check_asks_whether_stable_is_loaded(server):
    (line,) = re.findall(r"- '(exec .*)'", (SERVING / "docker-compose.yml").read_text())
    line = line.replace("$$", "$").replace("8501", server.rest.rpartition(":")[2])

    def status(command):
        return subprocess.run(["bash", "-c", command], capture_output=True, timeout=20).returncode

    assert status(line) == 0
    assert status(line.replace("stable", "absent")) != 0
    assert status(re.sub(r"tcp/127.0.0.1/\d+", "tcp/127.0.0.1/1", line)) != 0


def test_batching_is_off_and_one_switch_turns_it_on():
    text = (SERVING / "docker-compose.yml").read_text()
    switched = re.findall(r"\$\{BATCHING:\+(.*?)\}", text)
    assert switched == ["--enable_batching=true --batching_parameters_file=/config/batching.config"]
    assert text.count("--enable_batching") == 1


def test_padding_stays_off():
    settings = re.sub("#.*", "", (SERVING / "batching.config").read_text())
    assert "max_batch_size" in settings and "pad_variable_length_inputs" not in settings


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
