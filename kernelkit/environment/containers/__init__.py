"""Apptainer and Singularity: the runtime, images on disk, images in a registry."""

from .images import FoundImage, check_allowed, inspect_image, list_images
from .registry import pull_image
from .runtime import Runtime, find_runtime, locate_runtime

__all__ = [
    "FoundImage",
    "Runtime",
    "check_allowed",
    "find_runtime",
    "inspect_image",
    "list_images",
    "locate_runtime",
    "pull_image",
]
