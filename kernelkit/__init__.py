"""Jupyter kernels from modules, containers and environments on HPC clusters."""

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Called by jupyter_server."""
    return [{"module": "kernelkit.server", "name": "kernelkit"}]
