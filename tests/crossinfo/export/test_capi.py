"""The export in a C program, by the loader that TensorFlow Serving uses: no Python, no Keras, no project."""

import pathlib
import shutil
import subprocess

import cv2
import numpy as np
import pytest
import tensorflow as tf

from crossinfo.export import saved_model
from crossinfo.inference import loading
from crossinfo.inference.pose import estimate
from datasets import crops, geometry, synthetic
from datasets.io import depth_png
from tests.helpers import shared

SOURCE = pathlib.Path(__file__).with_name("run_saved_model.c")
KINECT_CAMERA = geometry.Camera(363.9, 363.9, 255.4, 206.3)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    wheel = pathlib.Path(tf.__file__).parent
    libraries = [wheel / name for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")]
    if compiler is None or not all(library.exists() for library in libraries):
        pytest.skip("needs a C compiler and a TensorFlow wheel with libtensorflow_cc.so.2")
    built = tmp_path_factory.mktemp("c") / "run_saved_model"
    flags = ["-std=c99", "-Wall", "-Werror", f"-I{tf.sysconfig.get_include()}", f"-Wl,-rpath,{wheel}"]
    subprocess.run([compiler, *flags, SOURCE, *libraries, "-o", built], check=True)
    return built


def signatures(path):
    """{signature: SignatureDef}, which name the graph's tensors."""
    from tensorflow.core.protobuf import saved_model_pb2

    content = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    return content.meta_graphs[0].signature_def


def run(program, path, requests, folder):
    """Outputs of [(signature, {input: array or bytes})] in order, all by one process."""
    known, script, wanted = signatures(path), [], []
    for number, (signature, inputs) in enumerate(requests):
        for name, value in inputs.items():
            file = folder / f"{number}.{name}"
            operation, index = known[signature].inputs[name].name.split(":")
            text = isinstance(value, bytes)
            file.write_bytes(value if text else np.float32(value).tobytes())
            dims = [1] if text else value.shape
            script.append(
                f"in {operation} {index} {'string' if text else 'float'} {file} {' '.join(map(str, dims))}"
            )
        for name, tensor in known[signature].outputs.items():
            operation, index = tensor.name.split(":")
            wanted.append((number, name, tensor, folder / f"{number}.{name}.out"))
            script.append(f"out {operation} {index} {wanted[-1][-1]}")
        script.append("run")
    done = subprocess.run([program, path], input="\n".join(script) + "\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = [{} for _ in requests]
    for number, name, tensor, file in wanted:
        shape = [size.size for size in tensor.tensor_shape.dim]
        found[number][name] = np.frombuffer(
            file.read_bytes(), tf.as_dtype(tensor.dtype).as_numpy_dtype
        ).reshape(shape)
    return found


def hands(count):
    return [synthetic.frame(5, index) for index in range(count)]


def test_all_four_signatures_give_what_predict_gives(program, export_base, tiny_predictor, tmp_path):
    record = hands(1)[0]
    depth = record.depth_mm.round()[None]
    camera = np.asarray(record.camera)[None]
    centre_mm = record.joints_mm.mean(axis=0)[None]
    cube_mm = np.float32([tiny_predictor.card.cube_mm])
    place = crops.CropPlace(centre_mm, camera, cube_mm)
    crop = crops.crop(depth, place).numpy()
    png = cv2.imencode(".png", depth[0].astype(np.uint16))[1].tobytes()
    requests = [
        ("serving_default", {"depth": depth, "camera": camera}),
        ("png", {"image_bytes": png, "camera": camera}),
        ("centred", {"depth": depth, "camera": camera, "centre_mm": centre_mm}),
        ("crop", {"crop": crop}),
    ]
    by_name = {
        name: out
        for (name, _), out in zip(requests, run(program, export_base / "1", requests, tmp_path), strict=True)
    }
    for name in ("serving_default", "png", "centred"):
        centre = centre_mm[0] if name == "centred" else None
        pose = estimate(tiny_predictor, "0", depth[0], record.camera, centre)
        assert pose.valid and by_name[name]["valid"].all()
        np.testing.assert_allclose(by_name[name]["joints_mm"][0], pose.joints_mm, atol=0.05)
        np.testing.assert_allclose(by_name[name]["joints_uvd"][0], pose.joints_uvd, atol=0.05)
        np.testing.assert_allclose(by_name[name]["centre_mm"][0], pose.centre_mm, atol=0.05)
    np.testing.assert_allclose(
        crops.denormalise_joints(by_name["crop"]["joints"], place),
        by_name["centred"]["joints_mm"],
        atol=0.05,
    )


def test_what_is_refused_is_said_and_the_session_is_asked_nothing_more(program, export_base, tmp_path):
    with pytest.raises(AssertionError, match="camera: fx, fy, cx, cy must be finite"):
        bad = {"depth": np.ones((1, 8, 8), np.float32), "camera": np.zeros((1, 4), np.float32)}
        run(program, export_base / "1", [("serving_default", bad)], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["float32", "float16"])
def test_real_and_synthetic_frames_agree_with_predict(program, tiny_model, tiny_predictor, tmp_path, weights):
    path = saved_model.export(tiny_model, tmp_path / "hands", weights=weights)
    served = tiny_predictor if weights == "float32" else loading.load_predictor(path)
    frames_of = [(record.depth_mm, record.camera) for record in hands(60)]
    files = shared.files("real/kinect2/*.png")
    frames_of += [(depth_png.read_depth_png(file), KINECT_CAMERA) for file in files]
    requests = [
        ("serving_default", {"depth": depth[None], "camera": np.asarray(camera)[None]})
        for depth, camera in frames_of
    ]
    for (depth, camera), found in zip(frames_of, run(program, path, requests, tmp_path), strict=True):
        pose = estimate(served, "0", depth, camera)
        assert pose.valid == found["valid"][0]
        np.testing.assert_allclose(found["joints_mm"][0], pose.joints_mm, atol=0.05)
