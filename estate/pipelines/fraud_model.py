"""The pipeline `fraud_model`: features -> snapshot -> training -> a version in the registry."""

from pathlib import Path

from estate.pipelines.definition import Pipeline, Step, Transform

TRAINING = {"training": "fraud_model"}

FRAUD_MODEL = Pipeline(
    name="fraud_model",
    title="Fraud model",
    description="Builds the features of every charge as they were known before it, trains the fraud model on a "
    "snapshot of them and registers a version. Nothing it trains serves before two people promote it.",
    owner="machine-learning",
    extracts=(),
    transforms=(
        Transform(
            project=Path(__file__).resolve().parent.parent / "dbt", arguments=("build", "--select", "tag:training")
        ),
    ),
    checks=(),
    steps=(
        Step("snapshot", "models.snapshot", "Keep what is trained on", TRAINING, pool="warehouse"),
        Step("train", "models.train", "Train and measure", TRAINING, after=("snapshot",), pool="training"),
        Step("register", "models.register", "Register the version", TRAINING, after=("train",), pool="training"),
        Step("lineage", "models.lineage", "Tell the catalog of the model", TRAINING, after=("register",)),
    ),
    deadline_minutes=30,
    tags=("models",),
    permission="ml.view_registeredmodel",  # its runs tell the figures of the model
)
