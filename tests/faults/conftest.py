"""Slurm's misbehaving commands, for the tests here."""

from fakes import fakes, impatient  # noqa: F401
