"""Intervals for a mean error and for the difference of two methods, by a bootstrap over blocks of frames.

Neighbouring frames of a recording are alike, so that 8,252 frames tell much less than 8,252 draws would.
Whole blocks of frames are therefore drawn (circular block bootstrap; Politis and Romano, 1992), and, as
blocks are few, each draw's distance from the mean is measured in the draw's own standard error
(bootstrap-t; Götze and Künsch, 1996). An interval speaks of other frames of the same recordings and
people, not of other people.
"""

import numpy as np

from crossinfo import metrics

# On simulated skewed errors, 300 to 8,252 frames alike over 6 to 99, such blocks make a 95 % interval that
# holds the true mean in 93 to 95 % of cases, single frames one that does in 16 to 63 %. Ten blocks are enough
# for a standard error.
BLOCK_CORRELATION_TIMES = 8
FEWEST_BLOCKS = 10
# A correlation time is summed over so many of itself (Sokal's window): beyond is noise.
WINDOW = 5
# Blocks whose means differ by less than this share of the largest error differ by rounding only.
EQUAL = 1e-9


def mean_interval(errors_mm, level=0.95, replicates=1000, seed=0, subjects=None):
    """Interval for the mean error.

    Args:
        errors_mm: float [N, J], frames in the order in which they were recorded.
        level: float. The share of such intervals that hold the true mean.
        replicates: int. Draws.
        seed: int. The same seed gives the same interval.
        subjects: {name: int indices} or None. With them, people are taken as given, and a difference in error
            between two of them does not widen the interval.

    Returns (low, high) floats in mm; of fewer than 20 frames, very wide and rough.
    """
    return _interval(metrics.frame_mean_mm(errors_mm), level, replicates, seed, subjects)


def difference_interval(errors_mm, other_mm, level=0.95, replicates=1000, seed=0, subjects=None):
    """The difference of two methods' mean errors over the same frames, and its interval.

    Args:
        errors_mm, other_mm: float [N, J], the same frames in the same order.
        level, replicates, seed, subjects: as in ``mean_interval``.

    Returns (difference, low, high) floats in mm, positive where the first errs more; exactly 0, 0, 0 for
    equal errors. Raises ValueError if the shapes differ.
    """
    if np.shape(errors_mm) != np.shape(other_mm):
        raise ValueError(f"expected errors of the same frames: {np.shape(errors_mm)}, {np.shape(other_mm)}")
    differences_mm = metrics.frame_mean_mm(errors_mm) - metrics.frame_mean_mm(other_mm)
    return float(differences_mm.mean()), *_interval(differences_mm, level, replicates, seed, subjects)


def block_frames(frame_errors_mm):
    """How many frames a block has: some correlation times of the errors [N], and at most a tenth of all."""
    longest = max(1, len(frame_errors_mm) // FEWEST_BLOCKS)
    return min(longest, int(np.ceil(BLOCK_CORRELATION_TIMES * correlation_time(frame_errors_mm))))


def correlation_time(frame_errors_mm):
    """Over how many frames errors [N] are alike, at least 1.0: their mean is as sure as of N / time draws.

    The sum of the autocorrelations at all lags, up to ``WINDOW`` times itself.
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
    error = means.std() / np.sqrt(max(1, blocks - 1))
    drawn = means[np.random.default_rng(seed).integers(len(means), size=(replicates, blocks))]
    drawn_errors = drawn.std(axis=1) / np.sqrt(max(1, blocks - 1))
    # A draw of one block again and again has no spread; only where blocks are very few does it happen.
    away = (drawn.mean(axis=1) - rest.mean()) / np.maximum(drawn_errors, 0.1 * error)
    upper, lower = np.quantile(away, [(1 + level) / 2, (1 - level) / 2])
    return float(mean_mm - upper * error), float(mean_mm - lower * error)


def _within_subjects(frame_errors_mm, subjects):
    """Errors without the differences between subjects' means."""
    rest = frame_errors_mm.copy()
    for frames in (subjects or {}).values():
        if len(frames):
            rest[frames] -= rest[frames].mean()
    return rest


def _block_means(values, length):
    """(means of the blocks that begin at each value, the last ones going on at the first; blocks a draw)."""
    summed = np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[:length]]))])
    return (summed[length:-1] - summed[: len(values)]) / length, len(values) // length
