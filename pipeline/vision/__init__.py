"""Operators on arrays: superpixels, thresholds, warping, graph cuts, colour mixtures, sizes."""
