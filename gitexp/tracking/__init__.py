"""wandb beside a run: a process of its own, which can cost the run nothing."""
