"""Which pseudo-annotations to train on."""
