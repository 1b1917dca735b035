"""The ways from cues to the first pseudo-annotation, PA.v0."""
