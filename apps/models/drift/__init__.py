"""Compares what a model meets with what it was trained on. Offers figures, runs, pages and Evidently's report."""
