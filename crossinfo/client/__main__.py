"""``python -m crossinfo.client``: joints of the hand in depth PNGs from a model server, as a table."""

from crossinfo.client import bench, images
from crossinfo.client.remote import Model, connect
from crossinfo.inference import depth_inputs
from datasets.command_line import Command, Group, run
from datasets.errors import InputError

BENCH_FRAMES = 100


def _define(values):
    server = Group(values, "Server")
    server.string("server", None, "host:port of its gRPC port, or http://host:port of its REST port", True)
    server.string("model_name", "hand", "the model's name on the server")
    server.integer("model_version", None, "its version; the newest if left out", lower=1)
    server.string("version_label", None, "a label, such as stable or canary, in place of a version")
    server.number("deadline_s", 30.0, "seconds for one frame with all its tries", lower=0.001)
    server.integer("retries", 5, "tries more, with growing pauses, while the server is unavailable", lower=0)
    frames = Group(values, "Frames")
    depth_inputs.frame_flags(frames)
    frames.string("output_dir", None, "folder for joints.csv; not used with --bench")
    timing = Group(values, "Bench")
    timing.switch("bench", False, "measure the server with the frames instead of writing joints.csv")
    timing.integer("requests", 500, "how many, over the first 100 frames in turn", lower=1, upper=1_000_000)
    timing.integer("concurrency", 1, "requests under way at a time", lower=1, upper=256)


COMMAND = Command(
    usage="python -m crossinfo.client",
    summary="Asks a model server for the hand's joints in depth frames, and writes predict's joints.csv.",
    define=_define,
)


def main(values):
    """Runs the command on parsed flags; cheap checks come before the first request."""
    camera, centre_mm = depth_inputs.camera(values.camera), depth_inputs.centre_mm(values.centre_mm)
    if not (values.output_dir or values.bench):
        raise InputError("--output_dir: needed for joints.csv, unless the server is measured with --bench")
    if values.version_label and values.model_version is not None:
        raise InputError("--version_label: goes without --model_version; the label stands for a version")
    paths = depth_inputs.find_images(values.input)
    depth_inputs.check(paths, values.output_dir or ".", values.depth_scale, centre_mm)
    how = {"camera": camera, "depth_scale": values.depth_scale, "centre_mm": centre_mm}
    model = Model(values.model_name, values.model_version, values.version_label)
    with connect(values.server, model, values.deadline_s, values.retries, values.concurrency) as remote:
        if values.bench:
            jobs = [images.request(path, **how) for path in paths[:BENCH_FRAMES]]
            print(f"{values.server}: {bench.measure(remote, jobs, values.requests, values.concurrency)}")
            return
        poses = images.write_joints(remote, paths, values.output_dir, hand=values.hand, **how)
    print(f"{len(poses)} frames, a hand in {sum(bool(pose.valid) for pose in poses)}: {values.output_dir}")


if __name__ == "__main__":
    run(COMMAND, main)
