"""Tests of pipeline/evaluation."""
