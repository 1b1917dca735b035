"""From a segmenter's output to label maps: decoding, corrections, latent labels."""
