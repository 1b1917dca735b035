"""Scores of label maps, with ground truth (confusion matrix) and without (region integrity)."""
