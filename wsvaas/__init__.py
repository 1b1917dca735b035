"""Weakly-supervised video actor-action segmentation, as a command."""
