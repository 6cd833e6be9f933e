"""``python -m crossinfo.predict``: joints of the hand in depth PNGs, as tables and as pictures."""

from types import SimpleNamespace

from crossinfo.inference import flags
from crossinfo.inference.depth_inputs import check_output_dir
from datasets.command_line import Command, Group, run
from datasets.runtime import import_tensorflow


def _define(values):
    group = Group(values, "Predict")
    model = "a work_dir, a model.keras, a SavedModel or a model.tflite"
    group.string("model", None, f"{model}; {flags.PRETRAINED}")
    group.string("localiser", None, flags.LOCALISER)
    group.string("output_dir", None, "folder for joints.csv, joints.json and the overlays", required=True)
    flags.define(group)
    group.integer("hands", 1, "hands per frame at most; the second one's frame is called NAME#2", 1, 2)


COMMAND = Command(
    usage="python -m crossinfo.predict",
    summary="Finds the hand's joints in depth frames, in millimetres in camera space, and draws them.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags; cheap checks come before TensorFlow and the model are loaded."""
    frames = flags.depth_frames(values)
    check_output_dir(values.output_dir)
    import_tensorflow()
    from crossinfo.inference import loading, pose, prediction

    predictor = loading.load_predictor(values.model, values.localiser, values.hand)
    poses = prediction.predict(predictor, frames, values.output_dir, values.hands)
    print(f"{pose.count(poses)}: {values.output_dir}")


if __name__ == "__main__":
    run(COMMAND, main)
