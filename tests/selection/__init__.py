"""Tests of pipeline/selection."""
