"""Jupyter kernels from modules, containers and environments on HPC clusters."""

__version__ = "0.1.0"
