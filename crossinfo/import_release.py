"""The authors' TensorFlow 1 checkpoints in terms of this project's `release` variant."""

BATCH_NORMALISATION = ("beta", "gamma", "moving_mean", "moving_variance")

# TF1 scope -> layer of `CrossInfoNet`, for the layers outside the numbered stages.
RESIDUAL_SCOPES = {
    "palm_bottleneck": "palm_features",
    "fing_bottleneck": "finger_features",
    "end_palm_bottleneck": "palm_refined",
    "end_fing_bottleneck": "finger_refined",
    "htmap_bottleneck": "hand_heatmap_features",
}
CONVOLUTION_SCOPES = {
    "conv1": "stem",
    "Conv": "palm_heatmap_features",
    "Conv_2": "finger_heatmap_features",
}
HEATMAP_SCOPES = {"Conv_1": "palm_heatmap", "Conv_3": "finger_heatmap", "Conv_4": "hand_heatmap"}
DENSE_SCOPES = {
    "fully_connected": "finger_dense1",
    "fully_connected_1": "finger_dense2",
    "fully_connected_2": "finger",
    "fully_connected_3": "palm_dense1",
    "fully_connected_4": "palm_dense2",
    "fully_connected_5": "palm",
    "fully_connected_6": "hand",
}


def release_variables(model):
    """{name in the authors' checkpoint: Keras variable} for every variable of a `release` model."""
    found = {}
    for scope, block in _blocks(model):
        kernel = block.dense if hasattr(block, "dense") else block.convolution
        found[f"{scope}/weights"] = kernel.kernel
        for name in BATCH_NORMALISATION:
            found[f"{scope}/BatchNorm/{name}"] = getattr(block.batch_norm, name)
    return found


def _blocks(model):
    """(TF1 scope, convolution or dense block) of the whole network."""
    residual = {scope: model.get_layer(name) for scope, name in RESIDUAL_SCOPES.items()}
    for stage, units in enumerate(model.network.stage_units, 1):
        for unit in range(1, units + 1):
            scope = f"nn{stage}/block{stage}/unit_{unit}/bottleneck_v1"
            residual[scope] = model.get_layer(f"stage{stage}_unit{unit}")
    for scope, layer in residual.items():
        for name in ("shortcut", "conv1", "conv2", "conv3"):
            if getattr(layer, name) is not None:
                yield f"{scope}/{name}", getattr(layer, name)
    for scope, name in {**CONVOLUTION_SCOPES, **DENSE_SCOPES}.items():
        yield scope, model.get_layer(name)
    for scope, name in HEATMAP_SCOPES.items():
        yield scope, model.get_layer(name).convolution
    pyramid = model.get_layer("pyramid")
    for part, blocks in (("lateral", pyramid.laterals), ("merge", pyramid.merges)):
        yield from ((f"{part}/res{level}", block) for level, block in enumerate(blocks, 2))
