"""Tests of pipeline/datasets."""
