"""Files that ship beside the code of a package, in a folder or in an archive that Python imports from."""

from __future__ import annotations

import pkgutil

from gradwerk.base.errors import FileError


def content(package: str, name: str) -> bytes:
    """What a file holds that lies in the folder of a package: `content("gradwerk.data", "bundled/iris.csv")`.  Raises: FileError."""
    try:
        data = pkgutil.get_data(package, name)
    except OSError as error:
        raise FileError(f"{name} of {package} cannot be read: the installation is not whole", facts=(str(error),)) from error
    if data is None:
        raise FileError(f"{name} of {package} cannot be read: what Python imported it from gives no files")
    return data

