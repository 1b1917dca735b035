"""Tests of pipeline/refinement."""
