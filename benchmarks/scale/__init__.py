"""Data that are larger than memory: how long, how many passes, how much memory, beside others."""
