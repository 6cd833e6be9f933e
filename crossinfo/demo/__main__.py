"""``python -m crossinfo.demo``: a web page to try out a trained network."""

import importlib.util
from types import SimpleNamespace

from crossinfo.inference import flags
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow


def _define(values):
    group = Group(values, "Demo")
    group.string("model", None, f"a work_dir, a model.keras or a SavedModel; {flags.PRETRAINED}")
    group.integer("port", 8080, "port to listen on; 0 takes any free one", lower=0, upper=65535)
    group.string(
        "host",
        "127.0.0.1",
        "address to listen on and to open the page under; by default only this computer can reach it",
    )


COMMAND = Command(
    usage="python -m crossinfo.demo",
    summary="Serves a web page that shows the hand's joints in a dropped depth PNG; Ctrl-C stops it.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags."""
    for package in ("starlette", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{package} is not installed; run pip install 'crossinfonet[demo]'")
    from crossinfo.demo import server

    with server.listen(values.host, values.port) as listening:
        import_tensorflow()
        from crossinfo.demo import answers, app, samples
        from crossinfo.inference import loading

        predictor, synthetic = loading.load_predictor(values.model), samples.create()
        # The first frame takes seconds, in which TensorFlow prepares the graph.
        first = answers.FrameSettings("warm-up", synthetic[0].camera, 1.0, "right")
        answers.answer(predictor, synthetic[0].png, first)
        host = server.url_host(values.host)
        port = listening.getsockname()[1]
        print(f"{predictor.name}: open http://{host}:{port}/ (Ctrl-C stops the server)", flush=True)
        hosts = {*app.LOCAL_HOSTS, host.lower()}
        server.serve(app.create(predictor, synthetic, hosts), listening)


if __name__ == "__main__":
    run(COMMAND, main)
