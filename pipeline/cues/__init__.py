"""Cues of where actors and actions are: attention maps, optical flow, motion segments, edges."""
