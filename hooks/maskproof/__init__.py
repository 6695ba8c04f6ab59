"""maskproof: blocks AI image edits that changed what their mask protects."""

__version__ = "0.1.0"
