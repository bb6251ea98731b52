"""The arithmetic of models: fitting, measuring, comparing. Plain Python on numpy and scikit-learn, run in processes of
their own (`python -m apps.models.training.child`), so that no worker keeps half a gigabyte of libraries."""
