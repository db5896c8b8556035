"""The life of an experiment and the versions of its results."""
