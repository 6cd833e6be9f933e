"""``python -m crossinfo.export``: a trained network for TensorFlow Serving, or for small devices."""

from types import SimpleNamespace

from crossinfo.inference import flags
from crossinfo.inference.depth_inputs import find_images
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow

FORMATS = ("saved_model", "litert", "onnx")

# Flags of one format only, with their defaults.
FORMAT_FLAGS = {
    "saved_model": {"weights": "float32"},
    "litert": {"quantize": "none", "input": None, "frame_size": None, "calibration": None, "camera": None},
}


def _define(values):
    group = Group(values, "Export")
    group.string("model", None, f"a work_dir of train.py, or a model.keras; {flags.PRETRAINED}")
    group.string("localiser", None, flags.LOCALISER)
    group.string("export_dir", None, "folder that holds the numbered versions", required=True)
    group.integer("version", None, "number of the version; without it the next free one", lower=1)
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
        "input", None, ("crop", "frame"),
        "crop: the network's own; frame: depth in mm and the camera. Default: frame for a network with a "
        "localiser, else crop",
    )  # fmt: skip
    litert.string(
        "frame_size", None,
        "height,width of the frames, with --input=frame; not needed with a localiser, which takes any size",
    )  # fmt: skip
    litert.string(
        "calibration", None,
        "int8: a work_dir or --cache_dir with training crops, or a folder of 16-bit depth PNGs; without it "
        "the model's own work_dir",
    )  # fmt: skip
    litert.string("camera", None, "fx,fy,cx,cy in pixels of the PNGs in --calibration")


COMMAND = Command(
    usage="python -m crossinfo.export",
    summary="Writes a trained network as a SavedModel with named signatures, or as a LiteRT file, whole or "
    "not at all.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags."""
    _check(values)
    frame_size = _frame_size(values.frame_size) if values.frame_size else None
    camera = flags.camera(values.camera) if values.camera else None
    import_tensorflow()
    from crossinfo.export import litert, onnx_file, saved_model, versions
    from crossinfo.inference import loading

    model = loading.load_model(values.model)
    localiser = None
    if values.format != "onnx" and values.input != "crop":
        localiser = loading.load_localiser(model, values.model, values.localiser)
    if values.format == "saved_model":
        path = saved_model.export(model, values.export_dir, values.version, values.weights, localiser)
    elif values.format == "onnx":
        path = onnx_file.export(
            model, versions.new_version(values.export_dir, onnx_file.MODEL_FILE, values.version)
        )
    else:
        path = versions.new_version(values.export_dir, litert.MODEL_FILE, values.version)
        if values.input == "frame" and not (localiser or frame_size):
            raise InputError("--frame_size=HEIGHT,WIDTH is required for --input=frame with this network")
        crops = None
        if values.quantize == "int8":
            crops = _calibration_crops(values, camera, model.card, localiser)
        litert.export(model, path, values.quantize, frame_size, crops, localiser)
    print(path)


def _check(values):
    """Raises InputError for flags that do not go together."""
    for wanted, defaults in FORMAT_FLAGS.items():
        for name, default in defaults.items():
            if values.format != wanted and getattr(values, name) != default:
                raise InputError(f"--{name}={getattr(values, name)}: goes with --format={wanted} only")
    if values.calibration and values.quantize != "int8":
        raise InputError(f"--calibration={values.calibration}: goes with --quantize=int8 only")
    if values.frame_size and values.input != "frame":
        raise InputError(f"--frame_size={values.frame_size}: goes with --input=frame only")


def _frame_size(text):
    height, width = text.split(",") if text.count(",") == 1 else ("", "")
    if not (height.isdecimal() and width.isdecimal() and 16 <= min(int(height), int(width)) <= 8192):
        raise InputError(f"--frame_size={text}: expected height,width in pixels, 16 or more each")
    return int(height), int(width)


def _calibration_crops(values, camera, card, localiser):
    from crossinfo.export import calibration

    if localiser is not None:
        raise InputError("--quantize=int8: needs --input=crop; a file that finds hands is not quantised so")
    folder = values.calibration or values.model
    if folder is None:
        raise InputError("--calibration is required for --quantize=int8 without --model")
    if camera is not None and not calibration.shard_files(folder):
        return calibration.image_crops(find_images(folder, "calibration"), camera, card.cube_mm)
    return calibration.training_crops(folder, len(card.joints))


if __name__ == "__main__":
    run(COMMAND, main)
