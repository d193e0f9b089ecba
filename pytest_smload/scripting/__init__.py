"""Loads from scripts and notebooks, without pytest."""
