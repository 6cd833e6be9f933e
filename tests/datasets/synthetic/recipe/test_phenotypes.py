import dataclasses

import numpy as np
import pytest

from datasets.synthetic.recipe import phenotypes


def test_hats_interpolate_between_marks():
    np.testing.assert_allclose(
        phenotypes.hats(np.array([0, 0.25, 0.5, 1]), 3), [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]
    )


def test_an_average_person_is_a_young_adult_in_the_middle():
    factors = {word: value.item() for word, value in phenotypes.average().factors().items()}
    ones = {word for word, value in factors.items() if value == pytest.approx(1)}
    assert ones == {"young", "averagemuscle", "averageweight", "averageheight", "averageproportions"}
    assert factors["male"] == factors["female"] == pytest.approx(0.5)
    assert [factors[origin] for origin in phenotypes.ORIGINS] == pytest.approx([1 / 3] * 3)
    assert not any(factors[f"{name}-{way}"] for name in phenotypes.LOCAL for way in ("incr", "decr"))


def test_a_local_target_has_one_file_for_each_way():
    local = np.zeros((2, len(phenotypes.LOCAL)))
    local[:, 3] = 0.4, -0.3
    half = np.full(2, 0.5)
    people = phenotypes.People(half, half, half, half, half, half, np.full((2, 3), 1 / 3), local)
    factors = people.factors()
    np.testing.assert_allclose(factors["hands/r-hand-scale-incr"], [0.4, 0])
    np.testing.assert_allclose(factors["hands/r-hand-scale-decr"], [0, 0.3])


@pytest.mark.parametrize("children", [False, True])
def test_people_are_drawn_within_their_scales_and_again_the_same(children):
    people = phenotypes.draw(3, 400, children)
    again = phenotypes.draw(3, 400, children)
    for name, values in dataclasses.asdict(people).items():
        np.testing.assert_array_equal(values, getattr(again, name))
        assert values.min() >= (-1 if name == "local" else 0) and values.max() <= 1, name
    np.testing.assert_allclose(people.origins.sum(1), 1)
    # A child is 1/3 and a young adult 2/3 of the way from baby to old.
    assert (people.age < 0.56).all() if children else (people.age > 0.57).all()
    assert 0.4 < (people.sex < 0.5).mean() < 0.6


def test_other_seeds_are_other_people():
    assert (phenotypes.draw(1, 9, False).muscle != phenotypes.draw(2, 9, False).muscle).all()


def test_target_files():
    files = phenotypes.target_files()
    assert len(files) == len(set(files.values())) == 368
    assert files["asian", "female", "old"] == "targets/macrodetails/asian-female-old.target.gz"
    words = ("male", "child", "minmuscle", "maxweight")
    assert files[words] == "targets/macrodetails/universal-male-child-minmuscle-maxweight.target.gz"
    tall = "targets/macrodetails/height/male-child-minmuscle-maxweight-maxheight.target.gz"
    assert files[(*words, "maxheight")] == tall
    assert files[("arms/r-lowerarm-fat-decr",)] == "targets/arms/r-lowerarm-fat-decr.target.gz"
    assert set().union(*files) <= phenotypes.average().factors().keys()
