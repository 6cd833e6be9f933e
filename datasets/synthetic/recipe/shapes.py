"""The shapes of many hands as a mean, a few directions, and how people spread over them."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Shapes:
    """K directions about a mean, scaled so that the adults' coefficients have standard deviation 1.

    Args:
        mean: float32 [D]. Of the adults.
        basis: float64 [K, D]. A shape is ``mean + coefficients @ basis``.
        adults, children: float64 [N, K]. Coefficients of the shapes that it was made from.
        explained: float. Share of the weighted variance that the basis keeps.
    """

    mean: np.ndarray
    basis: np.ndarray
    adults: np.ndarray
    children: np.ndarray
    explained: float


def fit(adults: np.ndarray, children: np.ndarray, importance: np.ndarray, count: int) -> Shapes:
    """The ``Shapes`` of flattened hands, by principal components.

    Args:
        adults: float32 [N, D].
        children: float32 [M, D].
        importance: float64 [D]. Weight of each coordinate's error.
        count: int. K.
    """
    mean = adults.mean(0)
    deviations = (np.concatenate([adults, children]) - mean) * importance
    _, singular, directions = np.linalg.svd(deviations, full_matrices=False)
    coefficients = deviations @ directions[:count].T
    scale = coefficients[: len(adults)].std(0)
    basis = directions[:count] / importance * scale[:, None]
    coefficients /= scale
    explained = float(np.sum(singular[:count] ** 2) / np.sum(singular**2))
    return Shapes(mean, basis, coefficients[: len(adults)], coefficients[len(adults) :], explained)


def spread(deviations: np.ndarray) -> np.ndarray:
    """Lower triangular [K, K] that spreads standard normal numbers like ``deviations`` [N, K]."""
    return np.linalg.cholesky(np.cov(deviations.T) + 1e-4 * np.eye(deviations.shape[1]))
