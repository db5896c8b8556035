"""Whether the runs of one tree beat those of another."""
