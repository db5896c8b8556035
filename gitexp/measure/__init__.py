"""Runs: supervised, measured, compared."""
