"""The generator of the demo: small videos in the A2D layout, still images in that of VOC."""
