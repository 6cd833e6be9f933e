"""TensorFlow 1 checkpoints, written as the authors' program wrote them, and what becomes of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import import_release, model, release_checkpoint
from crossinfo.config import variant_for
from crossinfo.inference import loading
from datasets import command_line, hands17, registry
from datasets.errors import InputError
from tests.helpers import golden

UP = {"hand": 14, "palm": 9, "finger": 5}


def write_checkpoint(folder, values):
    """A TensorFlow 1 checkpoint of {name: array} with Adam's slots and counters; returns its prefix."""
    slots = {
        f"{name}/{slot}": value for name, value in list(values.items())[:9] for slot in ("Adam", "Adam_1")
    }
    counts = {"beta1_power": np.float32(0.9), "beta2_power": np.float32(0.999), "global_step": np.int64(7)}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        made = [
            (tf.compat.v1.get_variable(name, value.shape, tf.as_dtype(value.dtype)).initializer, value)
            for name, value in {**values, **slots, **counts}.items()
        ]
        # One run for all: each run of its own would prepare the whole graph again.
        session.run([each for each, _ in made], {each.inputs[1]: value for each, value in made})
        return tf.compat.v1.train.Saver().save(session, str(folder / "model"), write_meta_graph=False)


def shapes_of(dataset):
    network = variant_for("release", registry.get(dataset).skeleton).network
    variables = release_checkpoint.release_variables(model.build(network))
    return {name: tuple(variable.shape) for name, variable in variables.items()}


def imported(dataset, folder):
    """The rule's weights through a checkpoint and the command: the path of its `model.keras`."""
    values = {name: golden.weights(name, shape) for name, shape in shapes_of(dataset).items()}
    output = folder / "out" / "model.keras"
    flags = f"--checkpoint={write_checkpoint(folder, values)}", f"--dataset={dataset}", f"--output={output}"
    with pytest.raises(SystemExit) as end:
        command_line.run(import_release.COMMAND, import_release.main, flags)
    assert end.value.code == 0
    return output


@pytest.fixture(scope="module")
def nyu(tmp_path_factory):
    """The imported network as its file has it, and as this project's commands open it."""
    path = imported("nyu", tmp_path_factory.mktemp("nyu"))
    return keras.saving.load_model(path), loading.load_model(path)


@pytest.mark.parametrize("name", golden.OUTPUTS)
def test_an_imported_network_gives_the_authors_outputs(nyu, name):
    found = nyu[0](golden.release()["input"], training=False)[name]
    assert golden.deviation(found, golden.release()[f"infer_{golden.OUTPUTS[name]}"]) < 1e-4


def test_commands_open_it_with_y_down(nyu):
    """The authors' labels of NYU, and so their outputs, have y up."""
    raw, found = (network(golden.weights("crop/weights", (1, 96, 96, 1))) for network in nyu)
    for name, joints in UP.items():
        expected = raw[name] * np.tile([1, -1, 1], joints)
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6)


def test_the_card_tells_what_the_authors_did(nyu):
    card = nyu[1].card
    assert not card.as_released and nyu[0].card.as_released
    assert (card.variant, card.dataset, card.cube_mm, card.centre) == ("release", "nyu", 250, "file")
    assert (card.selected_on, card.mean_pose, len(card.joints)) == ("test", None, 14)


def test_msras_layout_imports(tmp_path):
    network = loading.load_model(imported("msra", tmp_path))
    variables = release_checkpoint.release_variables(network).values()
    assert sum(int(np.prod(variable.shape)) for variable in variables) == 23_963_328
    assert (network.network.palm_joints, network.network.finger_joints) == (6, 15)
    assert (network.card.cube_mm, network.card.centre) == (175, "gt")


def numbered(dataset):
    """Output layers whose columns are numbered: joint + axis / 10 for coordinates, joint for heat maps."""
    skeleton = registry.get(dataset).skeleton
    counts = {"hand": len(skeleton), "palm": len(skeleton.palm), "finger": len(skeleton.finger)}
    values = {}
    for scope, part in release_checkpoint.DENSE_SCOPES.items():
        if part in counts:
            columns = (np.arange(counts[part])[:, None] + [0.1, 0.2, 0.3]).ravel()
            values[f"{scope}/BatchNorm/beta"] = values[f"{scope}/BatchNorm/gamma"] = columns
            values[f"{scope}/BatchNorm/moving_mean"] = columns
            values[f"{scope}/weights"] = np.tile(columns, (4, 1))
    for scope, layer in release_checkpoint.HEATMAP_SCOPES.items():
        values[f"{scope}/weights"] = np.tile(np.arange(counts[layer.split("_")[0]]), (3, 3, 4, 1))
    return values


def test_hands17s_outputs_come_in_this_projects_order():
    before = numbered("hands17")
    after = release_checkpoint.convert_outputs(before, "hands17")
    skeleton = registry.get("hands17").skeleton
    first = {"hand": 0, "palm": 0, "finger": 6}
    for scope, part in release_checkpoint.DENSE_SCOPES.items():
        if part not in first:
            continue
        group = range(21) if part == "hand" else getattr(skeleton, part)
        # The joint that stands here is, in HANDS 2017's own order, the one whose column this was.
        expected = [hands17.TO_MSRA[joint] - first[part] for joint in group]
        for kind in ("BatchNorm/beta", "BatchNorm/gamma", "BatchNorm/moving_mean", "weights"):
            columns = after[f"{scope}/{kind}"].reshape(-1, len(group), 3)[0]
            np.testing.assert_allclose(columns, np.array(expected)[:, None] + [0.1, 0.2, 0.3])
    heatmap = {layer: scope for scope, layer in release_checkpoint.HEATMAP_SCOPES.items()}
    np.testing.assert_array_equal(after[f"{heatmap['palm_heatmap']}/weights"][0, 0, 0], [0, 2, 3, 4, 5, 1])
    thumb_tip = after[f"{heatmap['finger_heatmap']}/weights"][1, 2, 3][-1]
    assert thumb_tip == 8 - 6


@pytest.mark.parametrize(("dataset", "sign"), [("nyu", -1), ("msra", -1), ("icvl", 1), ("hands17", 1)])
def test_y_is_down(dataset, sign):
    before = numbered(dataset)
    after = release_checkpoint.convert_outputs(before, dataset)
    for kind, expected in (("beta", sign), ("gamma", sign), ("moving_mean", 1)):
        name = f"fully_connected_6/BatchNorm/{kind}"
        assert (after[name][1::3] * expected > 0).all() and (after[name][[0, 2]] > 0).all()


def test_nothing_but_the_output_layers_changes():
    values = {
        "conv1/weights": np.ones((5, 5, 1, 4)),
        "fully_connected_4/weights": np.arange(12).reshape(3, 4),
    }
    after = release_checkpoint.convert_outputs(values, "hands17")
    assert all(after[name] is value for name, value in values.items())


SMALL = {"conv1/weights": np.ones((2, 3), np.float32), "conv1/BatchNorm/beta": np.zeros(3, np.float32)}
SHAPES = {name: value.shape for name, value in SMALL.items()}


def read(folder, values, shapes=SHAPES):
    prefix = write_checkpoint(folder, values)
    return release_checkpoint.read_checkpoint(release_checkpoint.open_checkpoint(prefix), prefix, shapes)


def test_slots_and_counters_are_left_behind(tmp_path):
    found = read(tmp_path, SMALL)
    assert found.keys() == SMALL.keys()
    np.testing.assert_array_equal(found["conv1/weights"], SMALL["conv1/weights"])


FAULTS = {
    "missing": ({"conv1/weights": SMALL["conv1/weights"]}, "no variable conv1/BatchNorm/beta"),
    "extra": ({**SMALL, "conv9/weights": np.ones(2, np.float32)}, "has conv9/weights, which"),
    "extra bias": ({**SMALL, "conv1/biases": np.ones(3, np.float32)}, "has conv1/biases, which"),
    "misshapen": ({**SMALL, "conv1/weights": np.ones((3, 2), np.float32)}, r"weights is \(3, 2\), expected"),
    "not finite": ({**SMALL, "conv1/BatchNorm/beta": np.float32([0, np.nan, 0])}, "beta is not finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_variable_that_does_not_fit_is_named(fault, tmp_path):
    values, message = FAULTS[fault]
    with pytest.raises(InputError, match=message):
        read(tmp_path, values)


def test_another_datasets_checkpoint_is_misshapen(tmp_path):
    nyus = {"fully_connected_6/weights": np.ones((4, 42), np.float32)}
    with pytest.raises(InputError, match="expected .4, 63.; is it from another `dataset`"):
        read(tmp_path, nyus, {"fully_connected_6/weights": (4, 63)})


def test_a_damaged_checkpoint_is_named(tmp_path):
    prefix = write_checkpoint(tmp_path, SMALL)
    (tmp_path / "model.data-00000-of-00001").unlink()
    with pytest.raises(InputError, match="damaged at conv1/weights"):
        release_checkpoint.read_checkpoint(release_checkpoint.open_checkpoint(prefix), prefix, SHAPES)
