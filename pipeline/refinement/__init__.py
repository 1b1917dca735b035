"""From attention maps and predictions to label maps: binarise, refine, anchor, align."""
