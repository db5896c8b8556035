"""Logs that others wrote: read forgivingly, and never guessed at."""
