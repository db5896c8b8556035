"""Measuring a commit: baseline, smoke, evaluation, each from the checkout to the row."""
