"""GPUs of NVIDIA: who has which, how hot they are, and who else is there."""
