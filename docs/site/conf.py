"""What Sphinx is told.  `python -m docs.site` calls it."""

from __future__ import annotations

from pathlib import Path

import gradwerk

# ruff: noqa: A001  Sphinx's names

project = "Gradwerk"
author = "the Gradwerk contributors"
copyright = author
version = release = gradwerk.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings: list[str] = []
nitpicky = False
keep_warnings = False

html_theme = "pydata_sphinx_theme"
html_title = f"Gradwerk {version}"
html_static_path = [str(Path(__file__).parent / "static")]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "collapse_navigation": True,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
python_maximum_signature_line_length = 110
toc_object_entries = False
