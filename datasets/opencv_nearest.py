"""OpenCV's nearest-neighbour grid in 32-bit integers: the pixels that its double precision picks.

``cv2.resize`` takes for target pixel i the source pixel floor(i * (1 / (target / size))). That is
``i * size // target``, but where the division leaves no remainder, the doubles' rounding may have put the
product just below the whole number, and the pixel before it is taken. LiteRT computes no doubles, so the
direction of that rounding is worked out in integers, for every kind of device alike.

Legend: B axes; ``size`` and ``target`` int32 [B], pixels of the source window, below 2^21, and of the
target, at most 128; others are taken as the nearest of these. R() is the rounding to a double's 53 bits,
and u = 2^-53.
"""

import tensorflow as tf

MAX_SIZE, MAX_TARGET = 2**21 - 1, 128
STEPS = 256  # positions between pixels are rounded to 1/256, so that float32 noise does not decide ties
POWERS = tuple(2**k for k in range(29))


def source(position: tf.Tensor, size: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Which source pixel OpenCV takes for each target pixel.

    Args:
        position: int32 [B, N] or [1, N]. Target pixels, from the window's start.
        size: int32 [B]. Pixels of the source window.
        target: int32 [B]. Pixels of the target.

    Returns:
        int32 [B, N], source pixels from the window's start.
    """
    # Absurd cameras make absurd windows; a division by zero would stop the whole batch.
    size, target = tf.clip_by_value(size, 1, MAX_SIZE), tf.clip_by_value(target, 1, MAX_TARGET)
    product = tf.clip_by_value(position, 0, MAX_TARGET) * size[:, None]
    pixel, left = product // target[:, None], product % target[:, None]
    step_error, unit = _step_error(size, target)
    # Spacing (ulp) of float64 just below n, in units of u: its largest power of two, half if n is that power.
    power = tf.reduce_max(tf.where(tf.constant(POWERS) <= pixel[..., None], POWERS, 0), axis=-1)
    half_gap = tf.where(pixel == power, 0.5, 1.0) * tf.cast(power, tf.float32)
    shortfall = -tf.cast(pixel, tf.float32) * tf.cast(step_error, tf.float32)[:, None]
    short = shortfall > half_gap * tf.cast(unit, tf.float32)[:, None]
    return tf.where((left == 0) & short, pixel - 1, pixel)


def source_between(position: tf.Tensor, size: tf.Tensor, target: int) -> tf.Tensor:
    """The pixel floor(position * size / target) for positions between target pixels, and beyond them.

    Args:
        position: float32 [B, H, W]. In target pixels from the window's start, at most 256 away from it.
        size: int32 [B]. Pixels of the source window.
        target: int. Pixels of the target.

    Returns:
        int32 [B, H, W], source pixels from the window's start; negative before it.
    """
    size = tf.clip_by_value(size, 1, MAX_SIZE)[:, None, None]
    steps = tf.cast(tf.round(position * STEPS), tf.int32)
    product = steps // STEPS * size
    # Whole pixels and the rest apart: together they would not fit into 32 bits.
    return product // target + (product % target * STEPS + steps % STEPS * size) // (STEPS * target)


def _step_error(size, target):
    """Relative error of R(1 / R(target / size)) as int32 (numerator, unit) [B]: numerator / unit * u."""
    # Doubling either changes no rounding; now 1 <= above / below < 2.
    above = _doubled(target, 21, lambda value: value < size)
    below = _doubled(size, 7, lambda value: 2 * value <= above)
    # R(above / below) falls short by this many parts of u, times 2 / below ...
    rest = _power_of_two_modulo(above, 52, below)
    missing = tf.where(2 * rest < below, rest, rest - below)
    # ... which lengthens the reciprocal: this is how far it lies above a multiple of u.
    rest = _power_of_two_modulo(below, 53, above)
    ratio = tf.cast(below, tf.float32) / tf.cast(above, tf.float32)
    beyond = tf.cast(rest, tf.float32) + 2 * tf.cast(missing, tf.float32) * ratio
    rounded = tf.cast(tf.round(beyond / tf.cast(above, tf.float32)), tf.int32)
    return rounded * above - rest, below


def _doubled(value, times, again):
    for _ in range(times):
        value = tf.where(again(value), 2 * value, value)
    return value


def _power_of_two_modulo(value, power, modulus):
    """value * 2^power mod modulus, by steps that stay below 2^31."""
    value %= modulus
    for _ in range(power // 8):
        value = value * 256 % modulus
    return value * 2 ** (power % 8) % modulus
