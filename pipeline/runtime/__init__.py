"""Typed parameters, errors, parallel map, progress, resuming, seeds."""
