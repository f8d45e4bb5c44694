"""Measures beside ears: correlations with what listeners said, and where a measure is wrong."""
