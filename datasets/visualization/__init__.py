"""Looking at frames: depth, crops, skeletons, heat maps."""
