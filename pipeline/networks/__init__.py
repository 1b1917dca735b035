"""Networks: classifiers of frames and clips, the segmenter, the discriminator, and weights."""
