import numpy as np

from datasets import registry
from datasets.check import sample


def test_a_joint_meets_the_depth_around_its_pixel():
    depth_mm = np.zeros((1, 20, 30), np.float32)
    depth_mm[0, 10, 15] = 500
    uvd = np.float32(
        [[[15, 10, 520], [16, 11, 480], [17, 10, 500], [15, 10, 560], [-5, 10, 500], [np.nan] * 3]]
    )
    assert sample.near_depth(depth_mm, uvd).tolist() == [[True, True, False, False, False, False]]


def test_frames_are_spread_over_a_split():
    assert sample.spread(10, 0).tolist() == list(range(10))
    assert sample.spread(1000, 3).tolist() == [0, 500, 999]
    assert sample.spread(2, 500).tolist() == [0, 1]


def test_threads_measure_what_one_does(msra_root):
    reader = registry.MSRA.open(msra_root, "train")
    cubes = sample.cubes_mm(registry.MSRA, reader)
    one, three = (sample.measure(reader, cubes, 0, workers) for workers in (1, 3))
    assert one.frames == 120 and one.size == (240, 320)
    np.testing.assert_array_equal(one.indices, np.arange(120))
    np.testing.assert_array_equal(one.com_mm, three.com_mm)
    np.testing.assert_array_equal(one.on_hand, three.on_hand)


def test_samples_are_joined_in_order():
    def part(first, size, *unreadable):
        indices = np.arange(first, first + 2)
        return sample.Sample(unreadable, indices, size, indices > 2, indices / 10, np.ones((2, 3)))

    joined = sample.Sample.join([part(0, None, "a"), part(2, (3, 4), "b", "c")])
    assert joined.unreadable == ("a", "b", "c") and joined.size == (3, 4) and joined.frames == 7
    assert joined.indices.tolist() == [0, 1, 2, 3] and joined.empty.tolist() == [False] * 3 + [True]
    np.testing.assert_allclose(joined.on_hand, [0, 0.1, 0.2, 0.3])
    assert joined.com_mm.shape == (4, 3)
