"""Published data set layouts, their classes, and the generated demo data set."""
