"""The MLflow tracking server: one of the portal's own programs, beside web and worker. It may follow them by a minute,
because it takes longer to start than everything else together."""

from portal.embedded.home import Home
from portal.embedded.programs import Program

NAME = "tracking"
ACCOUNT = "portico_mlflow"
STARTS_WITHIN_S = 60.0


def program(home: Home, python: str) -> Program:
    """Listens on this machine alone; model files lie in the home and are reached through it."""
    state = home.read_state()
    port, secret = state["ports"], state["secrets"][ACCOUNT]
    artifacts = home.path / "mlflow"
    artifacts.mkdir(mode=0o700, exist_ok=True)
    host = f"127.0.0.1:{port[NAME]}"
    return Program(
        NAME,
        (
            python, "-m", "portal.embedded.mlflow_server", "--host", "127.0.0.1", "--port", str(port[NAME]),
            "--workers", "1",
            "--artifacts-destination", str(artifacts), "--allowed-hosts", host,
            "--uvicorn-opts", "--log-level warning --no-access-log",
        ),
        10,
        {
            # Here and not on the command line, which everybody on the machine can read.
            "MLFLOW_BACKEND_STORE_URI": f"postgresql+psycopg://{ACCOUNT}:{secret}@127.0.0.1:{port['postgres']}/mlflow",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
            "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "3",
            "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW": "5",
        },
    )  # fmt: skip
