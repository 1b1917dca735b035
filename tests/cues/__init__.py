"""Tests of pipeline/cues."""
