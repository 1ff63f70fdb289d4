"""Sphinx's settings; `make docs` builds the site, `make docs-check` also runs its examples."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pureneuron"
author = "The pureneuron developers"
copyright = author
release = importlib.metadata.version("pureneuron")
version = release

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "mathml",
    "aliases",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py", "gallery/*.zip"]
root_doc = "index"

# -- Text ---------------------------------------------------------------------------------------

myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
bibtex_default_style = "plain"
html_math_renderer = "mathml"

# -- Reference ----------------------------------------------------------------------------------

autosummary_generate = True
# Where file systems do not tell capitals apart, a function and a class would share a page.
autosummary_filename_map = {
    f"pureneuron.{name}": f"pureneuron.{name}-class"
    for name in ("spectral.Guarantee", "inference.Screening", "inference.information.Information")
}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
add_module_names = False
python_maximum_signature_line_length = 88
toc_object_entries = False

# Every name of ours must lead to a page. What others document is named and not linked: their
# inventories cannot be reached from a build without network.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(numpy|scipy|sklearn|torch|onnx|onnxruntime|dask|distributed|pandas|polars)\..*"),
    (r"py:.*", r"(abc|enum|matplotlib|pathlib|collections|concurrent)\..*"),
]
# Inside, and without a page; docstrings name them for those who read the code.
nitpick_ignore = [
    ("py:class", "pureneuron.checkpoint.Checkpoint"),
    ("py:class", "pureneuron.inference.scores.ScoreTest"),
    ("py:class", "pureneuron.samples.files.filters.Filter"),
    ("py:class", "pureneuron.samples.protocol.HeldBatches"),
    ("py:data", "candidates.MEANINGS"),
    ("py:func", "correlations"),
    ("py:func", "is_small"),
    ("py:func", "judged"),
    ("py:func", "numerical_rank"),
    ("py:func", "pureneuron.samples.batch.native"),
    ("py:func", "read_tensors"),
    ("py:func", "refuse_no_columns"),
    ("py:func", "second_moment_sums"),
    ("py:func", "solve_turning"),
]

# -- Examples -----------------------------------------------------------------------------------

doctest_global_setup = """
import os, tempfile
os.chdir(tempfile.mkdtemp())
# As where the docstring stands.
from pureneuron.inference import cramer_rao, rows_needed
"""
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "only_warn_on_example_error": True,
    "doc_module": ("pureneuron",),
    "backreferences_dir": None,
    # Its page of times loads scripts from elsewhere; each example says how long it ran.
    "write_computation_times": False,
    "plot_gallery": "True",
}

# -- Pages --------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"pureneuron {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "tutorial": [], "changelog": []}
html_theme_options = {
    "logo": {"text": f"pureneuron {release}"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "show_prev_next": False,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
