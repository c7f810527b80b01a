"""Machines that are directories."""

from folder_cloud.provider import FolderCloud
from folder_cloud.settings import FolderCloudSettings

__all__ = ["FolderCloud", "FolderCloudSettings"]
