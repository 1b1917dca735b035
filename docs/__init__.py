"""Pages, and what draws their figures."""
