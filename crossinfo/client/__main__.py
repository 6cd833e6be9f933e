"""``python -m crossinfo.client``: joints of the hand in depth PNGs from a model server, as a table."""

from types import SimpleNamespace

from crossinfo.client import bench, images
from crossinfo.client.remote import connect
from crossinfo.client.transport import Model
from crossinfo.inference import flags, pose
from crossinfo.inference.depth_inputs import check_output_dir
from datasets.command_line import Command, Group, run
from datasets.errors import InputError

BENCH_FRAMES = 100


class _Optional(Group):
    """Flags that are not required of --check."""

    def string(self, name, default, help, required=False):
        super().string(name, default, help)


def _define(values):
    server = Group(values, "Server")
    server.string("server", None, "host:port of its gRPC port, or http://host:port of its REST port", True)
    server.string("model_name", "hand", "name of the model on the server")
    server.integer("model_version", None, "version of the model; the newest if omitted", lower=1)
    server.string("version_label", None, "version label, such as stable or canary, instead of a number")
    server.number("deadline_s", 30.0, "time limit in seconds per frame, retries included", lower=0.001)
    server.integer("retries", 5, "retries, with growing pauses, while the server is away or busy", lower=0)
    server.switch("check", False, "only check that the version or label is loaded; takes no frames")
    frames = _Optional(values, "Frames")
    flags.define(frames)
    frames.string("output_dir", None, "folder for joints.csv; not used with --bench")
    timing = Group(values, "Bench")
    timing.switch("bench", False, "measure throughput and latency instead of writing joints.csv")
    timing.integer(
        "requests", 500, "requests to time, cycling through the first 100 frames", lower=1, upper=1_000_000
    )
    timing.integer("concurrency", 1, "requests in flight at a time", lower=1, upper=256)


COMMAND = Command(
    usage="python -m crossinfo.client",
    summary="Gets the hand's joints in depth frames from a model server and writes predict's joints.csv.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags; whatever can be checked is checked before the first request."""
    if values.version_label and values.model_version is not None:
        raise InputError("--version_label and --model_version cannot be combined")
    model = Model(values.model_name, values.model_version, values.version_label)
    if values.check:
        return _check(values, model)
    for name in ("input", "camera"):
        if not getattr(values, name):
            raise InputError(f"--{name} is required")
    frames = flags.depth_frames(values)
    if not (values.output_dir or values.bench):
        raise InputError("--output_dir is required, unless --bench is given")
    check_output_dir(values.output_dir or ".")
    with connect(values.server, model, values.deadline_s, values.retries, values.concurrency) as remote:
        if values.bench:
            requests = [images.request(frames, path) for path in frames.paths[:BENCH_FRAMES]]
            print(f"{values.server}: {bench.measure(remote, requests, values.requests, values.concurrency)}")
            return
        poses = images.write_joints(remote, frames, values.output_dir)
    print(f"{pose.count(poses)}: {values.output_dir}")


def _check(values, model):
    """Prints the version that answers; raises what ``Remote.version`` raises, for the exit status."""
    with connect(values.server, model, values.deadline_s, values.retries) as remote:
        print(f"{values.server}: {values.model_name}: version {remote.version()} answers")


if __name__ == "__main__":
    run(COMMAND, main)
