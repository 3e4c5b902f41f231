"""tf.compat.v1.gfile: files and folders by TensorFlow 1's names."""

from __future__ import annotations

from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.io import gfile
from gradwerk.tf.io.gfile import GFile

FastGFile = Open = GFile
Copy, DeleteRecursively, Exists, Glob = gfile.copy, gfile.rmtree, gfile.exists, gfile.glob
IsDirectory, ListDirectory, MakeDirs, MkDir = gfile.isdir, gfile.listdir, gfile.makedirs, gfile.mkdir
Remove, Rename, Stat, Walk = gfile.remove, gfile.rename, gfile.stat, gfile.walk

__all__ = [
    "Copy", "DeleteRecursively", "Exists", "FastGFile", "GFile", "Glob", "IsDirectory", "ListDirectory", "MakeDirs", "MkDir", "Open",
    "Remove", "Rename", "Stat", "Walk",
]  # fmt: skip

__getattr__ = ORIGINAL.module("tf.compat.v1.gfile", __name__)
