"""Fails as a plugin does whose own dependency was uninstalled."""

import a_library_that_is_not_installed  # noqa: F401
