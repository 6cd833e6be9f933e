"""Confidence intervals for mean errors and for differences of methods, by a block bootstrap.

Neighbouring frames of a recording are alike, so 8,252 frames tell much less than 8,252 independent ones
would. Whole blocks of frames are therefore resampled (circular block bootstrap; Politis and Romano, 1992).
As blocks are few, each resample's distance from the mean is measured in its own standard error (bootstrap-t;
Götze and Künsch, 1996). An interval is about other frames of the same recordings and people, not about other
people.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from crossinfo import metrics

# On simulated skewed errors (300 to 8,252 frames, correlation times of 6 to 99), 95 % intervals from such
# blocks contain the true mean in 93 to 95 % of cases, those from single frames in 16 to 63 %. Ten blocks are
# enough for a standard error.
BLOCK_CORRELATION_TIMES = 8
FEWEST_BLOCKS = 10
# The autocorrelation is summed over this many correlation times (Sokal's window); the rest is noise.
WINDOW = 5
# Block means that differ by no more than this fraction of the largest error differ by rounding only.
EQUAL = 1e-9

Subjects = Mapping[str, np.ndarray] | None


def mean_interval(
    errors_mm: npt.ArrayLike,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 0,
    subjects: Subjects = None,
) -> tuple[float, float]:
    """Confidence interval (low, high) of the mean error in mm; rough for fewer than 20 frames.

    Args:
        errors_mm: float [N, J], frames in the order in which they were recorded.
        level: the fraction of such intervals that contain the true mean.
        replicates: the number of bootstrap resamples.
        seed: the same seed gives the same interval.
        subjects: {name: int indices of frames}. If given, the people are taken as fixed: differences in
            error between them do not widen the interval.
    """
    return _interval(metrics.frame_mean_mm(errors_mm), level, replicates, seed, subjects)


def difference_interval(
    errors_mm: npt.ArrayLike,
    other_mm: npt.ArrayLike,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 0,
    subjects: Subjects = None,
) -> tuple[float, float, float]:
    """Difference of two methods' mean errors with its confidence interval, (difference, low, high) in mm.

    Positive where the first method's error is larger, exactly 0, 0, 0 for equal errors.

    Args:
        errors_mm: float [N, J].
        other_mm: float [N, J], the same frames in the same order.
        level: as in ``mean_interval``.
        replicates: as in ``mean_interval``.
        seed: as in ``mean_interval``.
        subjects: as in ``mean_interval``.

    Raises ValueError if the shapes differ.
    """
    if np.shape(errors_mm) != np.shape(other_mm):
        raise ValueError(
            f"expected errors of the same frames. Received: {np.shape(errors_mm)} and {np.shape(other_mm)}"
        )
    differences_mm = metrics.frame_mean_mm(errors_mm) - metrics.frame_mean_mm(other_mm)
    return float(differences_mm.mean()), *_interval(differences_mm, level, replicates, seed, subjects)


def block_frames(frame_errors_mm: np.ndarray) -> int:
    """Frames per block: several correlation times of the errors [N], at most a tenth of all frames."""
    longest = max(1, len(frame_errors_mm) // FEWEST_BLOCKS)
    return min(longest, int(np.ceil(BLOCK_CORRELATION_TIMES * correlation_time(frame_errors_mm))))


def correlation_time(frame_errors_mm: np.ndarray) -> float:
    """Integrated autocorrelation time of errors [N] in frames (>= 1).

    The mean of N such errors is as certain as that of N / time independent ones.
    """
    rest = frame_errors_mm - np.mean(frame_errors_mm)
    spectrum = np.fft.rfft(rest, 2 * len(rest))
    covariances = np.fft.irfft(np.abs(spectrum) ** 2, 2 * len(rest))[: len(rest)]
    if covariances[0] <= 0:
        return 1.0
    times = 2 * np.cumsum(covariances / covariances[0]) - 1
    settled = np.flatnonzero(np.arange(len(times)) >= WINDOW * times)
    return max(1.0, float(times[settled[0]] if len(settled) else times[-1]))


def _interval(frame_errors_mm, level, replicates, seed, subjects):
    mean_mm = frame_errors_mm.mean()
    rest = _within_subjects(frame_errors_mm, subjects)
    means, blocks = _block_means(rest, block_frames(rest))
    if np.ptp(means) <= EQUAL * np.abs(frame_errors_mm).max():
        return float(mean_mm), float(mean_mm)
    standard_error = means.std() / np.sqrt(max(1, blocks - 1))
    samples = means[np.random.default_rng(seed).integers(len(means), size=(replicates, blocks))]
    sample_errors = samples.std(axis=1) / np.sqrt(max(1, blocks - 1))
    # Where blocks are very few, a resample may hold one block only and have no spread.
    t = (samples.mean(axis=1) - rest.mean()) / np.maximum(sample_errors, 0.1 * standard_error)
    upper, lower = np.quantile(t, [(1 + level) / 2, (1 - level) / 2])
    return float(mean_mm - upper * standard_error), float(mean_mm - lower * standard_error)


def _within_subjects(frame_errors_mm, subjects):
    """Errors less the mean error of their subject."""
    rest = frame_errors_mm.copy()
    for frames in (subjects or {}).values():
        if len(frames):
            rest[frames] -= rest[frames].mean()
    return rest


def _block_means(values, length):
    """(means of the blocks that begin at each value, wrapping round at the end; blocks per resample)."""
    summed = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[:length]]))])
    return (summed[length:-1] - summed[: len(values)]) / length, len(values) // length
