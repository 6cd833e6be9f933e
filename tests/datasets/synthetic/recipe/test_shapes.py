import numpy as np
import pytest

from datasets.synthetic.recipe import shapes


@pytest.fixture
def hands():
    """Adults and children that differ in three directions, and how much each coordinate counts."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(3, 30))
    adults = rng.normal(size=(200, 3)) * [3, 2, 1] @ directions + 5
    children = (rng.normal(size=(50, 3)) + 1) @ directions + 5
    return adults, children, rng.uniform(0.5, 2, 30)


def test_all_directions_give_the_hands_back(hands):
    adults, children, importance = hands
    found = shapes.fit(adults, children, importance, 3)
    np.testing.assert_allclose(found.mean, adults.mean(0))
    np.testing.assert_allclose(found.mean + found.adults @ found.basis, adults)
    np.testing.assert_allclose(found.mean + found.children @ found.basis, children)
    assert found.explained == pytest.approx(1)


def test_adults_have_unit_deviation(hands):
    found = shapes.fit(*hands, 3)
    np.testing.assert_allclose(found.adults.std(0), 1)
    np.testing.assert_allclose(found.adults.mean(0), 0, atol=1e-9)


def test_fewer_directions_keep_what_varies_most(hands):
    one, two = (shapes.fit(*hands, count).explained for count in (1, 2))
    assert 0.3 < one < two < 1


def test_errors_are_smaller_where_they_count():
    rng = np.random.default_rng(0)
    hands = rng.normal(size=(300, 2))
    for importance, kept in (([10, 1], 0), ([1, 10], 1)):
        found = shapes.fit(hands, hands[:5], np.array(importance, float), 1)
        errors = np.abs(found.mean + found.adults @ found.basis - hands).mean(0)
        assert errors[kept] < 0.1 * errors[1 - kept]


def test_spread_reproduces_the_covariance():
    rng = np.random.default_rng(0)
    deviations = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3))
    lower = shapes.spread(deviations)
    np.testing.assert_array_equal(lower, np.tril(lower))
    np.testing.assert_allclose(lower @ lower.T, np.cov(deviations.T), atol=1.1e-4)
