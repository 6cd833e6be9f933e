"""Text of the page: its first sentence, the text alternatives of its figures, and labels."""

from crossinfo.reports.styles import shown

LABELS = {"by_centre": "mean error by centre (mm)"}


def lead(content: dict) -> str:
    """The result in one or two sentences. ``content`` is here and below the dict of ``report.json``."""
    best, scores = content["best"], content["methods"][content["best"]]
    low, high = scores["interval_95_mm"]
    among = f" of {len(content['methods'])} methods" if len(content["methods"]) > 1 else ""
    lowest = "the lowest mean joint error" if among else "a mean joint error"
    return (
        f"{shown(best)} has {lowest}{among}: {scores['mean_error_mm']:.2f} mm (95 % interval {low:.2f} to "
        f"{high:.2f}). In {100 * scores['success_max']['20']:.1f} % of the frames, all its joints are "
        "within 20 mm."
    )


def success(content: dict, of: str, statistic: str) -> str:
    """Text alternative of a success curve.

    Args:
        content: dict of ``report.json``.
        of: the curve, "max" or "mean".
        statistic: what it takes of a frame's joint errors, in words.
    """
    shares = [f"{shown(n)} {100 * m[f'success_{of}']['20']:.1f} %" for n, m in content["methods"].items()]
    return (
        f"Curves of the share of frames whose {statistic} joint error is within a threshold of 0 to 80 mm. "
        f"Within 20 mm: {', '.join(shares)}."
    )


def per_joint(content: dict) -> str:
    """Text alternative of the bars of the joints' errors."""
    largest = []
    for name, method in content["methods"].items():
        joint, error = max(method["per_joint_error_mm"].items(), key=lambda item: item[1])
        largest.append(f"{shown(name)} {error:.1f} mm at {joint.replace('_', ' ')}")
    return f"Bars of the mean error of each joint. The largest of each method: {', '.join(largest)}."


def by_angle(content: dict, axis: str) -> str:
    """Text alternative of the error by ``axis``, "yaw" or "pitch"."""
    bins, spans = content["angles"][axis], []
    for name, errors in bins["mean_error_mm"].items():
        known = [error for error in errors if error is not None]
        if known:
            spans.append(f"{shown(name)} {min(known):.1f} to {max(known):.1f} mm")
    first, last = bins["centres_deg"][0], bins["centres_deg"][-1]
    return f"Mean error by the hand's {axis}, {first:.0f} to {last:.0f} degrees: {', '.join(spans)}."


def label(key: str) -> str:
    """A key of ``report.json`` in words: "heatmap_peak_error_px" -> "heatmap peak error (px)"."""
    if key in LABELS:
        return LABELS[key]
    words = shown(key).split("_")
    if len(words) > 1 and words[-1] in ("mm", "px", "deg"):
        words[-1] = f"({words[-1]})"
    return " ".join(words)
