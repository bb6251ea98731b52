from tests.runs.conftest import celery, kinds, marks, narrow, swept, two_workers, workers

__all__ = ["celery", "kinds", "marks", "narrow", "swept", "two_workers", "workers"]
