"""Library of weakly-supervised video actor-action segmentation; it knows no paths and no DVC."""
