"""Tests of pipeline/artifacts."""
