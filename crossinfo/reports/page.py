"""``report.html``: one page with its pictures, style and script inside, which loads nothing else."""

import base64
import hashlib
import importlib.resources
from collections.abc import Mapping

from matplotlib.figure import Figure

from crossinfo import metrics
from crossinfo.reports import captions, examples, svg, tables
from crossinfo.reports.content import EvaluationResults
from crossinfo.reports.styles import shown, styles

CURVE_MM = tuple(range(0, 81, 10))
AXES = ("yaw", "pitch")


def render(content: dict, results: EvaluationResults, figures: Mapping[str, Figure]) -> str:
    """The page's HTML.

    Args:
        content: dict of ``report.json``.
        results: what it was made from.
        figures: {name: figure}, as ``figures.draw`` gives them; they are changed.
    """
    looks = styles(content["methods"])
    style, script = _style(looks), _text("crossinfo", "web/hand3d.js") + _template_text("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            content=content,
            tags={tables.PUBLISHED: "published", tables.CLAIMED: "claimed"},
            title=results.dataset.title,
            looks=looks,
            lead=captions.lead(content),
            rows=[(row, looks.get(name)) for name, row in _named_rows(content)],
            svg=_svg(content, figures),
            curve_mm=CURVE_MM,
            curves=_curves(results.errors_mm),
            subjects=_subjects(content),
            whiskers=whiskers(content["differences"]),
            details={name: _details(values) for name, values in results.details.items() if name in looks},
            cards=examples.cards(results),
            bones=results.dataset.skeleton.bones,
            style=style,
            script=script,
            policy=_policy(style, script),
        )
    )


def _environment():
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("crossinfo.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(shown=shown, breakable=_breakable, number=_number)
    return environment


def _breakable(name):
    """A name that may wrap after an underscore: names are long and phones are narrow."""
    import markupsafe

    return markupsafe.Markup("_<wbr>").join(shown(name).split("_"))


def _number(value, digits=2):
    return "–" if value is None else f"{value:,.{digits}f}"


def _text(package, name):
    return importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _template_text(name):
    return _text("crossinfo.reports", f"templates/{name}")


def _style(looks):
    """The page's CSS: a method's colour as ``--m0`` for canvases and ``--c`` within its class."""
    black = {"#000000": "var(--ink)"}
    colours = "".join(f"--{look.key}:{black.get(look.colour, look.colour)};" for look in looks.values())
    classes = "".join(
        f".{look.key}{{--c:var(--{look.key})}}.hide-{look.key} .{look.key}:not(.chip){{display:none}}"
        for look in looks.values()
    )
    hidden = ".hide-published .published:not(.chip){display:none}"
    return f"{_template_text('report.css')}:root{{{colours}}}{classes}{hidden}"


def _policy(style, script):
    """Content security policy: the page's own style and script, by their hashes, and inline pictures."""
    style, script = (
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in (style, script)
    )
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _named_rows(content):
    """(method's name or None for a published value, row of ``tables.rows``), by mean error."""
    names = iter(content["methods"])
    # Both are sorted by mean error, and Python's sort is stable.
    return [(next(names) if row["values"] == tables.MEASURED else None, row) for row in tables.rows(content)]


def _svg(content, figures):
    descriptions = {
        "success_max": captions.success(content, "max", "largest"),
        "success_mean": captions.success(content, "mean", "average"),
        "per_joint": captions.per_joint(content),
        **{f"error_by_{axis}": captions.by_angle(content, axis) for axis in AXES},
    }
    return {name: svg.svg(figure, name, descriptions[name]) for name, figure in figures.items()}


def _curves(errors_mm):
    """{"max", "mean": {method: percent at each of ``CURVE_MM``}}."""
    fractions = {"max": metrics.success_max, "mean": metrics.success_mean}
    return {
        of: {name: (100 * fraction(errors, CURVE_MM)).tolist() for name, errors in errors_mm.items()}
        for of, fraction in fractions.items()
    }


def _subjects(content):
    """{subject: number of frames}, {} where unknown."""
    subjects = content["methods"][content["best"]]["subjects"]
    return {name: scores["frames"] for name, scores in subjects.items()}


def whiskers(differences: Mapping[str, dict]) -> dict[str, list[float]]:
    """{method: x of 0, of the interval's ends and of the difference}, all on one scale of 0 to 100."""
    ends_mm = [end_mm for difference in differences.values() for end_mm in difference["interval_95_mm"]]
    low_mm, high_mm = min([0, *ends_mm]), max([0, *ends_mm])

    def x(mm):
        return round(4 + 92 * (mm - low_mm) / max(high_mm - low_mm, 1e-9), 2)

    return {
        name: [x(mm) for mm in (0, *difference["interval_95_mm"], difference["difference_mm"])]
        for name, difference in differences.items()
    }


def _details(details):
    """A method's details as [(heading, [(label, value)])], whatever their keys are."""
    plain = [(captions.label(key), value) for key, value in details.items() if not isinstance(value, dict)]
    groups = [
        (captions.label(key), list(_flat(value))) for key, value in details.items() if isinstance(value, dict)
    ]
    return ([("Measured on the network", plain)] if plain else []) + groups


def _flat(values, above=()):
    for key, value in values.items():
        path = (*above, captions.label(str(key)))
        if isinstance(value, dict):
            yield from _flat(value, path)
        else:
            yield ", ".join(path), value
