import tracemalloc

import numpy as np
import pytest

from crossinfo.metrics import confidence

MEAN_MM = 8 * np.exp(0.18)


def recordings(count, frames, likeness, seed=0):
    """Skewed errors [count, frames] in mm, each alike the one before, around ``MEAN_MM``."""
    draws = np.random.default_rng(seed).standard_normal((frames, count))
    values = [draws[0]]
    for draw in draws[1:]:
        values.append(likeness * values[-1] + np.sqrt(1 - likeness**2) * draw)
    return 8 * np.exp(0.6 * np.transpose(values))


def coverage(errors_mm, expected_mm=MEAN_MM, replicates=200, **options):
    """Share of recordings whose interval holds the true mean."""
    found = [confidence.mean_interval(one[:, None], replicates=replicates, **options) for one in errors_mm]
    return np.mean([low <= expected_mm <= high for low, high in found])


def test_intervals_hold_the_true_mean_as_often_as_they_say(monkeypatch):
    errors_mm = recordings(250, 2000, 0.9)
    # 250 recordings tell the coverage to 1.4 points (one sigma).
    assert 0.91 <= coverage(errors_mm) <= 0.985
    assert 0.40 <= coverage(errors_mm, level=0.5) <= 0.60
    monkeypatch.setattr(confidence, "block_frames", lambda errors_mm: 1)
    assert coverage(errors_mm) < 0.6, "frame by frame must fail, or the test above shows nothing"


def test_intervals_of_unlike_frames_hold_too():
    assert 0.91 <= coverage(recordings(250, 1500, 0.0)) <= 0.985


@pytest.mark.slow
@pytest.mark.parametrize(
    "frames, likeness", [(8252, 0.95), (8252, 0.98), (1596, 0.7), (1596, 0.95), (300, 0.8)]
)
def test_coverage_at_length(frames, likeness):
    assert coverage(recordings(1000, frames, likeness), replicates=1000) == pytest.approx(0.95, abs=0.03)


def test_a_difference_between_people_widens_the_interval_unless_they_are_given():
    errors_mm = recordings(150, 2000, 0.8)
    errors_mm[:, 600:] += 10
    people = {"a": np.arange(600), "b": np.arange(600, 2000)}
    assert 0.90 <= coverage(errors_mm, MEAN_MM + 7, subjects=people) <= 0.99
    low, high = confidence.mean_interval(errors_mm[0][:, None])
    given_low, given_high = confidence.mean_interval(errors_mm[0][:, None], subjects=people)
    assert high - low > 2 * (given_high - given_low)


def test_identical_methods_differ_by_exactly_nothing():
    errors_mm = recordings(3, 500, 0.9).T
    assert confidence.difference_interval(errors_mm, errors_mm.copy()) == (0.0, 0.0, 0.0)


def test_a_constant_difference_is_certain():
    errors_mm = np.arange(60.0).reshape(20, 3)
    assert confidence.difference_interval(errors_mm + 0.5, errors_mm) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("noise_mm", [0.0, 1e-14])
def test_equal_blocks_leave_no_doubt(noise_mm):
    draws = np.random.default_rng(0).uniform(-noise_mm, noise_mm, 400)
    for errors_mm in (np.full(400, 3.1), np.tile([2.1, 4.1], 200)):
        low, high = confidence.mean_interval((errors_mm + draws)[:, None])
        assert low == high == pytest.approx(3.1)


def test_a_difference_is_surer_than_two_means_and_turns_its_sign():
    one_mm, noise_mm = recordings(2, 3000, 0.9)
    other_mm = one_mm - 0.3 + 0.05 * (noise_mm - MEAN_MM)
    difference, low, high = confidence.difference_interval(one_mm[:, None], other_mm[:, None])
    assert difference == pytest.approx(np.mean(one_mm - other_mm)) and low < difference < high
    assert high - low < 0.3 * np.subtract(*confidence.mean_interval(one_mm[:, None])[::-1])
    turned = confidence.difference_interval(other_mm[:, None], one_mm[:, None])
    assert turned == pytest.approx((-difference, -high, -low))


def test_errors_of_other_frames_are_refused():
    with pytest.raises(ValueError, match="same frames"):
        confidence.difference_interval(np.ones((3, 2)), np.ones((4, 2)))


def test_a_seed_gives_one_interval():
    errors_mm = recordings(1, 400, 0.5).T
    again = [confidence.mean_interval(errors_mm, seed=seed) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


@pytest.mark.parametrize("likeness, least, most", [(0.0, 0.9, 1.4), (0.8, 6, 12), (0.95, 25, 55)])
def test_the_correlation_time_of_a_known_process(likeness, least, most):
    # (1 + likeness) / (1 - likeness) for the logarithm: 1, 9 and 39; a little less for the errors.
    (errors_mm,) = recordings(1, 30000, likeness)
    assert least <= confidence.correlation_time(errors_mm) <= most


def test_blocks_are_of_some_correlation_times_and_at_most_a_tenth():
    (errors_mm,) = recordings(1, 3000, 0.8)
    assert confidence.block_frames(errors_mm) == np.ceil(8 * confidence.correlation_time(errors_mm))
    assert confidence.block_frames(np.arange(3000.0)) == 300


@pytest.mark.parametrize("frames", [1, 2, 5, 19])
def test_few_frames_still_have_finite_ends(frames):
    errors_mm = np.random.default_rng(3).gamma(2.0, 4.0, (frames, 14))
    low, high = confidence.mean_interval(errors_mm)
    assert np.isfinite([low, high]).all() and low <= errors_mm.mean() <= high


def test_an_interval_of_nyus_frames_takes_little_memory():
    errors_mm = np.repeat(recordings(1, 8252, 0.95)[0][:, None], 14, axis=1)
    tracemalloc.start()
    confidence.mean_interval(errors_mm)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Resampling single frames would take 1000 x 8252 numbers of 8 bytes.
    assert peak_bytes < 10e6
