"""Settings: the variants' numbers, sizes for a skeleton, and the way to JSON and back."""

import dataclasses
import json

import pytest

from crossinfo import config
from datasets.errors import InputError
from datasets.skeletons import MSRA, NYU


@pytest.mark.parametrize("name", config.VARIANTS)
def test_network_survives_json(name):
    network = config.VARIANTS[name].network
    assert config.NetworkConfig.from_dict(json.loads(config.to_json(network))) == network


def test_joints_that_do_not_add_up_are_named():
    with pytest.raises(ValueError, match="Received: 21, 6, 14"):
        config.NetworkConfig(finger_joints=14)


@pytest.mark.parametrize(("skeleton", "sizes"), [(MSRA, (21, 6, 15)), (NYU, (14, 9, 5))])
def test_variant_takes_the_skeletons_groups(skeleton, sizes):
    network = config.variant_for("compact", skeleton).network
    assert (network.joints, network.palm_joints, network.finger_joints) == sizes


def test_switches_give_table_1_and_change_nothing_else():
    full, base = config.variant_for("paper", MSRA), config.variant_for("paper", MSRA, False, False)
    assert (base.network.sharing, base.network.heatmap_guidance) == ("none", False)
    switched = dataclasses.replace(base.network, sharing="cross", heatmap_guidance=True)
    assert dataclasses.replace(base, network=switched) == full


@pytest.mark.parametrize(
    ("switches", "sharing"),
    [
        ({}, "cross"),
        ({"cross_connection": False}, "none"),
        ({"cross_connection": False, "sharing": "none"}, "none"),
        ({"sharing": "none"}, "none"),
        ({"sharing": "stitch"}, "stitch"),
    ],
)
def test_sharing_goes_by_either_name(switches, sharing):
    network = config.variant_for("compact", NYU, **switches).network
    assert (network.sharing, network.cross_connection) == (sharing, sharing == "cross")


@pytest.mark.parametrize("sharing", ["cross", "stitch"])
def test_a_contradiction_of_the_two_names_is_the_callers_mistake(sharing):
    with pytest.raises(InputError, match=f"`cross_connection`=False contradicts `sharing`={sharing}"):
        config.variant_for("compact", NYU, cross_connection=False, sharing=sharing)


@pytest.mark.parametrize(("before", "sharing"), [(True, "cross"), (False, "none")])
def test_an_earlier_dict_says_cross_connection(before, sharing):
    fields = json.loads(config.to_json(config.VARIANTS["compact"].network))
    del fields["sharing"]
    network = config.NetworkConfig.from_dict({**fields, "cross_connection": before})
    assert network == dataclasses.replace(config.VARIANTS["compact"].network, sharing=sharing)


def test_unknown_sharing_is_named():
    with pytest.raises(ValueError, match="sharing='some'"):
        config.NetworkConfig(sharing="some")


def test_unknown_variant_is_the_callers_mistake():
    with pytest.raises(
        InputError, match="`variant`=huge: unknown; choose from paper, release, medium, compact"
    ):
        config.variant_for("huge", MSRA)


def test_paper_and_release_differ_where_the_design_says():
    paper, release = (config.VARIANTS[name] for name in ("paper", "release"))
    differing = {
        field.name: (getattr(paper.network, field.name), getattr(release.network, field.name))
        for field in dataclasses.fields(paper.network)
        if getattr(paper.network, field.name) != getattr(release.network, field.name)
    }
    assert differing == {
        "dense_units": (2048, 1024),
        "dropout": (0.6, 0.4),
        "normalise_outputs": (False, True),
        "resize_grid": ("half_pixel", "tf1"),
        "initializer": ("normal", "glorot_uniform"),
    }
    assert (paper.loss.factor, release.loss.factor) == (1, 0.25)
    assert paper.loss.heatmap_weight == release.loss.heatmap_weight == 0.01
