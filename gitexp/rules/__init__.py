"""Which paths a change may touch."""
