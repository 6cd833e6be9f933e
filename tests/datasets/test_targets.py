import numpy as np
import pytest
import tensorflow as tf

from datasets import crops, registry, targets
from datasets.skeletons import HANDS17, ICVL, MSRA, NYU

SKELETONS = {"icvl": ICVL, "nyu": NYU, "msra": MSRA, "hands17": HANDS17}
COUNTS = {"icvl": (16, 6, 10), "nyu": (14, 9, 5), "msra": (21, 6, 15), "hands17": (21, 6, 15)}


def crop_pixels(joints=14, batch=3, seed=0):
    return np.random.default_rng(seed).uniform(0, 96, (batch, joints, 2)).astype(np.float32)


def test_heat_maps_are_the_authors(golden):
    crop_uvd = crops.joints_to_crop(golden.points("joints_mm"), golden.place("com"))
    np.testing.assert_allclose(targets.encode_heatmaps(crop_uvd)[0], golden["heatmaps"], atol=1e-3)


def test_a_heat_map_is_a_blurred_peak_of_one():
    heatmap = targets.encode_heatmaps(np.float32([[[41, 22]]]))[0, :, :, 0].numpy()  # column 10, row 5
    assert heatmap.shape == (24, 24)
    np.testing.assert_allclose(
        heatmap[4:7, 9:12], [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]], atol=1e-6
    )
    heatmap[4:7, 9:12] = 0
    assert not heatmap.any()


def test_decoding_finds_the_joint_within_half_a_cell():
    crop_px = 8 + crop_pixels() * 80 / 96  # next to the border, the blur ties two cells, as the authors'
    found_px = targets.decode_heatmaps(targets.encode_heatmaps(crop_px)).numpy()
    assert np.abs(found_px - crop_px).max() <= targets.STRIDE / 2 + 1e-4


@pytest.mark.parametrize("cell", [0, 23])
def test_a_peak_at_the_border_stays_where_it_is(cell):
    crop_px = np.float32([[[4 * cell + 1, 4 * (23 - cell) + 3]]])
    heatmap = targets.encode_heatmaps(crop_px)
    assert heatmap.numpy().max() == 1
    np.testing.assert_allclose(targets.decode_heatmaps(heatmap)[0, 0], [4 * cell + 2, 4 * (23 - cell) + 2])


@pytest.mark.parametrize("pixel", [(-0.5, 40), (40, 96), (1e9, 40), (40, -1e9), (np.nan, np.nan)])
def test_a_joint_outside_the_crop_has_an_empty_map(pixel):
    heatmaps = targets.encode_heatmaps(np.float32([[pixel, (40, 40)]])).numpy()
    assert not heatmaps[..., 0].any() and heatmaps[..., 1].max() == 1


@pytest.mark.parametrize("name", SKELETONS)
def test_groups_are_the_papers_counts_and_put_together_again(name):
    skeleton = SKELETONS[name]
    joints = np.random.default_rng(1).normal(size=(2, len(skeleton), 3)).astype(np.float32)
    palm, finger = targets.split(joints, skeleton)
    assert (len(skeleton), palm.shape[1], finger.shape[1]) == COUNTS[name]
    np.testing.assert_array_equal(palm, joints[:, list(skeleton.palm)])
    np.testing.assert_array_equal(targets.merge(palm, finger, skeleton), joints)


def test_flatten_keeps_a_joints_numbers_together():
    joints = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    hand = targets.flatten(joints)
    np.testing.assert_array_equal(hand[1, :6], [12, 13, 14, 15, 16, 17])
    np.testing.assert_array_equal(targets.unflatten(hand), joints)


@pytest.mark.parametrize("name", SKELETONS)
def test_encode_names_the_networks_outputs_eagerly_and_in_tf_data(name):
    skeleton = registry.get(name).skeleton
    joints = np.random.default_rng(2).normal(size=(3, len(skeleton), 3)).astype(np.float32)
    crop_px = crop_pixels(len(skeleton))
    encoded = targets.encode(joints, crop_px, skeleton)
    everyone, palms, fingers = COUNTS[name]
    assert {key: tuple(value.shape[1:]) for key, value in encoded.items()} == {
        "hand": (3 * everyone,), "palm": (3 * palms,), "finger": (3 * fingers,),
        "hand_heatmap": (24, 24, everyone), "palm_heatmap": (24, 24, palms),
        "finger_heatmap": (24, 24, fingers),
    }  # fmt: skip
    palm_maps = targets.encode_heatmaps(crop_px[:, list(skeleton.palm)])
    np.testing.assert_array_equal(encoded["palm_heatmap"], palm_maps)
    np.testing.assert_array_equal(encoded["palm"], targets.flatten(joints[:, list(skeleton.palm)]))
    piped = tf.data.Dataset.from_tensors((joints, crop_px)).map(lambda *x: targets.encode(*x, skeleton))
    for key, value in next(iter(piped)).items():
        np.testing.assert_array_equal(value, encoded[key])
