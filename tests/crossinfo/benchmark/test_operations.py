import keras

from crossinfo.benchmark.operations import operations


def test_a_multiply_add_counts_as_two():
    crop = keras.Input((96, 96, 1))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(crop)
    x = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(x))
    assert operations(keras.Model(crop, x)) == 2 * (48 * 48 * 4 * 9 + 4 * 10)


def test_what_the_output_does_not_need_is_not_counted():
    crop = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, padding="same")(crop)
    keras.layers.Dense(100)(x)
    assert operations(keras.Model(crop, x)) == 2 * 8 * 8 * 2 * 9
