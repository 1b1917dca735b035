"""Tests of pipeline/networks."""
