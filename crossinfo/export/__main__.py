"""``python -m crossinfo.export``: a trained network for TensorFlow Serving, or for small devices."""

from crossinfo.export import export, version_path
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow

FORMATS = ("saved_model", "litert", "onnx")

ONLY_WITH = {
    "saved_model": {"weights": "float32"},
    "litert": {"quantize": "none", "input": "crop", "frame_size": None, "calibration": None, "camera": None},
}


def _define(values):
    group = Group(values, "Export")
    group.string("model", None, "a work_dir of train.py, or a model.keras", required=True)
    group.string("export_dir", None, "folder that holds the numbered versions", required=True)
    group.integer("version", None, "number of the version; the next free one if left out", lower=1)
    group.choice(
        "format", "saved_model", FORMATS, "for TensorFlow Serving; model.tflite, for devices; or model.onnx"
    )
    saved_model = Group(values, "SavedModel")
    saved_model.choice(
        "weights",
        "float32",
        ("float32", "float16"),
        "float16: half the size; computes in float32 all the same",
    )
    litert = Group(values, "LiteRT")
    litert.choice(
        "quantize", "none", ("none", "float16", "int8"),
        "float16: half the size; int8: about a quarter, and 8-bit arithmetic",
    )  # fmt: skip
    litert.choice(
        "input", "crop", ("crop", "frame"), "crop: the network's own; frame: depth in mm and the camera"
    )
    litert.string("frame_size", None, "height,width of the frames, with --input=frame")
    litert.string(
        "calibration", None,
        "int8: a work_dir or --cache_dir with training crops, or a folder of 16-bit depth PNGs; the model's "
        "own work_dir if left out",
    )  # fmt: skip
    litert.string("camera", None, "fx,fy,cx,cy in pixels of the PNGs in --calibration")


COMMAND = Command(
    usage="python -m crossinfo.export",
    summary="Writes a trained network as a SavedModel with named signatures, or as a LiteRT file, whole or "
    "not at all.",
    define=_define,
)


def check(values):
    """Raises InputError for flags that do not go together; returns the frame's (height, width) or None."""
    for wanted, defaults in ONLY_WITH.items():
        for name, default in defaults.items():
            if values.format != wanted and getattr(values, name) != default:
                raise InputError(f"--{name}={getattr(values, name)}: goes with --format={wanted} only")
    if values.calibration and values.quantize != "int8":
        raise InputError(f"--calibration={values.calibration}: goes with --quantize=int8 only")
    if (values.input == "frame") != bool(values.frame_size):
        raise InputError("--frame_size=HEIGHT,WIDTH: goes with --input=frame, and that needs it")
    return _frame_size(values.frame_size) if values.frame_size else None


def _frame_size(text):
    height, width = text.split(",") if text.count(",") == 1 else ("", "")
    if not (height.isdecimal() and width.isdecimal() and 16 <= min(int(height), int(width)) <= 8192):
        raise InputError(f"--frame_size={text}: expected height,width in pixels, 16 or more each")
    return int(height), int(width)


def main(values):
    """Runs the command on parsed flags."""
    frame_size = check(values)
    import_tensorflow()
    from crossinfo.inference import loading

    model = loading.load_model(values.model)
    if values.format == "saved_model":
        print(export(model, values.export_dir, values.version, values.weights))
    elif values.format == "onnx":
        print(_export_onnx(model, values))
    else:
        print(_export_litert(model, values, frame_size))


def _export_onnx(model, values):
    from crossinfo.export import onnx_file

    return onnx_file.export(model, version_path(values.export_dir, values.version, onnx_file.MODEL_FILE))


def _export_litert(model, values, frame_size):
    from crossinfo.export import calibration, litert

    path = version_path(values.export_dir, values.version, litert.MODEL_FILE)
    crops = None
    if values.quantize == "int8":
        crops = calibration.crops(values.calibration or values.model, model.card, values.camera)
    return litert.export(model, path, values.quantize, values.input, frame_size, crops)


if __name__ == "__main__":
    run(COMMAND, main)
