"""Cues of where an actor or an action is: attention maps of classifiers."""
