"""Tests; the folders mirror pipeline/ and stages/."""
