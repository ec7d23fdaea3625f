"""Slurm: what to ask it, what it answers, and one watcher for all jobs of a server."""
