"""Where credentials come from: options, files, the environment, stored profiles, the keyring."""

from __future__ import annotations

from mrt.credentials.environment import environment_name, parse_dotenv
from mrt.credentials.files import read_credentials_file
from mrt.credentials.places import config_dir
from mrt.credentials.profiles import DEFAULT_PROFILE, ProfileStore, StoredProfile
from mrt.credentials.sources import Collected, collect

__all__ = [
    "DEFAULT_PROFILE",
    "Collected",
    "ProfileStore",
    "StoredProfile",
    "collect",
    "config_dir",
    "environment_name",
    "parse_dotenv",
    "read_credentials_file",
]
