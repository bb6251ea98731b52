"""Every setting of the portal, read from the environment once. `docs/settings.md` describes each `PORTICO_` name."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from portal.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("PORTICO_HOME") or BASE_DIR / ".portico").resolve()
env = Environment(HOME / "env.json")

# MLflow and Evidently phone home unless told not to; children inherit this.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

VERSION = "0.1.0"  # as in pyproject.toml
EMBEDDED = env.flag("PORTICO_EMBEDDED", True)
DEMO = env.flag("PORTICO_DEMO", EMBEDDED)
DEMO_PASSWORD = env.text("PORTICO_DEMO_PASSWORD")
DEBUG = env.flag("PORTICO_DEBUG", False)
DEFAULT_SECRET_KEY = "unsafe-default-secret-key-for-a-machine-without-env-json"  # noqa: S105 - refused by a system check
SECRET_KEY = env.text("PORTICO_SECRET_KEY", DEFAULT_SECRET_KEY)
# Keys of their own, so that changing one does not void the others. Hex, 32 bytes.
AUDIT_DIGEST_KEY = env.text("PORTICO_AUDIT_DIGEST_KEY")
AUDIT_SIGNING_KEY = env.text("PORTICO_AUDIT_SIGNING_KEY")
AUDIT_HEADS_FILE = Path(env.text("PORTICO_AUDIT_HEADS_FILE", str(HOME / "audit" / "heads.jsonl")))
RESULTS_KEY = env.text("PORTICO_RESULTS_KEY")
ERASURE_KEY = env.text("PORTICO_ERASURE_KEY")
SUBJECTS_KEY = env.text("PORTICO_SUBJECTS_KEY")
TOKEN_KEY = env.text("PORTICO_TOKEN_KEY")
RESULTS_DIR = Path(env.text("PORTICO_RESULTS_DIR", str(HOME / "results")))
PACKAGES_DIR = Path(env.text("PORTICO_PACKAGES_DIR", str(HOME / "packages")))
STAGE_DIR = Path(env.text("PORTICO_STAGE_DIR", str(HOME / "stage")))
# MLflow: experiments, model files and the registry that the portal's own mirrors. Empty: nothing is trained.
TRACKING_URL = env.text("PORTICO_TRACKING_URL")
# Evidence older than this must be gathered again before somebody approves on it.
GATE_HOURS = env.number("PORTICO_GATE_HOURS", 24)
SNAPSHOT_DIR = Path(env.text("PORTICO_SNAPSHOT_DIR", str(HOME / "snapshots")))
LOG_DIR = HOME / "logs"
# The scoring service: where it listens, which model it serves, and how many requests a second one caller has.
SCORING_URL = env.text("PORTICO_SCORING_URL")
SCORING_MODEL = env.text("PORTICO_SCORING_MODEL", "fraud_model")
SCORING_RATE = env.number("PORTICO_SCORING_RATE", 200)
SCORING_CONNECTIONS = env.number("PORTICO_SCORING_CONNECTIONS", 32)
INFERENCE_DAYS = env.number("PORTICO_INFERENCE_DAYS", 90)
# Drift: how much of the log is compared, how much is enough, and from where on a feature, and a model, has drifted.
DRIFT_DIR = Path(env.text("PORTICO_DRIFT_DIR", str(HOME / "drift")))
DRIFT_MINUTES = env.number("PORTICO_DRIFT_MINUTES", 60)
DRIFT_WINDOW_HOURS = env.number("PORTICO_DRIFT_WINDOW_HOURS", 24)
DRIFT_MINIMUM = env.number("PORTICO_DRIFT_MINIMUM", 200)
DRIFT_PSI = env.number("PORTICO_DRIFT_PSI_PERCENT", 25) / 100
DRIFT_SHARE = env.number("PORTICO_DRIFT_SHARE_PERCENT", 30) / 100

PORT = int(os.environ.get("PORT") or env.text("PORTICO_PORT", "8000"))
ALLOWED_HOSTS = env.words("PORTICO_ALLOWED_HOSTS", "127.0.0.1 localhost")
CSRF_TRUSTED_ORIGINS = env.words("PORTICO_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "auditlog",
    "portal.audit",
    "portal.accounts",
    "portal.notices",
    "portal.runs",
    "portal.embedded",
    "portal.desk",
    "apps.catalog",
    "apps.compliance",
    "apps.pipelines",
    # Never list "apps" itself: Django would take `apps.models` for its models module.
    "apps.models",
    "apps.queries",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.desk.csp.ContentSecurityPolicyMiddleware",
    "portal.desk.unreadable.UnreadableAddressMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
]

ROOT_URLCONF = "portal.urls"
CSRF_FAILURE_VIEW = "portal.desk.errors.stale_form"
ASGI_APPLICATION = "portal.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "portal.desk.templatetags.portico"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.desk.context.frame",
            ],
        },
    }
]
COTTON_DIR = "cotton"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian: nobody anonymous holds a permission
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "desk:home"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Field changes of the portal's own tables: these fields and no others, because the log keeps old and new values in
# clear. No field here can hold a person's data or the text of a query.
AUDITLOG_INCLUDE_TRACKING_MODELS = (
    {
        "model": "accounts.User",
        "include_fields": ["is_active", "is_staff", "is_superuser", "is_service"],
        "m2m_fields": ["groups"],
    },
    {"model": "accounts.ApiToken", "include_fields": ["expires_at", "revoked_at"]},
    {"model": "catalog.Dataset", "include_fields": ["owner"]},
    {"model": "pipelines.Pipeline", "include_fields": ["schedule", "paused"]},
    {"model": "compliance.AccessRequest", "include_fields": ["approver", "state", "answered_at"]},
)
AUDITLOG_DISABLE_REMOTE_ADDR = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.desk.bodies.DeepJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Portico",
    "DESCRIPTION": "Send `Authorization: Bearer <token>`. Every answer is cut down to what the token's owner may see.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "DISABLE_ERRORS_AND_WARNINGS": True,
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("PORTICO_STATIC_DIR", str(HOME / "static")))
STATICFILES_DIRS = [path for path in [BASE_DIR / "frontend" / "dist"] if path.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not EMBEDDED
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.flag("PORTICO_SSL_REDIRECT", False)
SECURE_HSTS_SECONDS = env.number("PORTICO_HSTS_SECONDS", 0)
# A proxy in front sets X-Forwarded-Proto and appends to X-Forwarded-For; without one, anybody could write them.
BEHIND_PROXY = env.flag("PORTICO_BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"


def database(url: str) -> dict[str, object]:
    """A Django database from `postgresql://user:password@host:port/name?sslmode=...`."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        # Under ASGI a request has a thread of its own that ends with it: a connection kept for the next one is lost.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "connect_timeout": 5,
            "options": "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000",
            **dict(parse_qsl(parts.query)),
        },
    }


# Two accounts: the one that web and workers use owns nothing, so it cannot rewrite the audit trail;
# `manage.py migrate --database owner` runs as the one that owns the tables.
DATABASE_URL = env.text("PORTICO_DATABASE_URL", "postgresql://portico_app@127.0.0.1:5432/portal")
DATABASES = {
    "default": database(DATABASE_URL),
    "owner": database(env.text("PORTICO_OWNER_DATABASE_URL", "postgresql://portico_owner@127.0.0.1:5432/portal")),
}

BROKER_URL = env.text("PORTICO_BROKER_URL", "redis://127.0.0.1:6379/0")
CACHE_URL = env.text("PORTICO_CACHE_URL", "redis://127.0.0.1:6379/1")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
    }
}

# The stores under governance. Each has several accounts, so that a path can do only what it is for:
# `gate` reads for people (read-only), `catalog` introspects, `loader` runs pipelines, `privacy` finds and erases one
# person, `owner` fills the demo estate.
STORE_ACCOUNTS = ("gate", "catalog", "loader", "privacy", "owner")


def store(name: str, kind: str) -> dict[str, object]:
    prefix = f"PORTICO_{name.upper()}"
    return {"kind": kind, "accounts": {a: env.text(f"{prefix}_{a.upper()}_URL") for a in STORE_ACCOUNTS}}


STORES = {
    "oltp": store("oltp", "postgres"),
    "documents": store("documents", "mongo"),
    "warehouse": store("warehouse", "snowflake"),
}
STORE_TIMEOUT_SECONDS = env.number("PORTICO_STORE_TIMEOUT_SECONDS", 60)
QUERY_ROW_LIMIT = env.number("PORTICO_QUERY_ROW_LIMIT", 100_000)
QUERY_BYTE_LIMIT = env.number("PORTICO_QUERY_BYTE_LIMIT", 64 * 1024 * 1024)
QUERY_TIMEOUT_SECONDS = env.number("PORTICO_QUERY_TIMEOUT_SECONDS", 60)
# Seconds that one person's queries may keep the stores at work from one midnight UTC to the next.
QUERY_DAILY_SECONDS = env.number("PORTICO_QUERY_DAILY_SECONDS", 3600)
SQL_FUNCTIONS = env.words("PORTICO_SQL_FUNCTIONS")
OPENLINEAGE_NAMESPACES = [each.rpartition("=")[::2] for each in env.words("PORTICO_OPENLINEAGE_NAMESPACES")]
DBT_ARTIFACT_MB = env.number("PORTICO_DBT_ARTIFACT_MB", 100)
LOOKUPS_PER_HOUR = env.number("PORTICO_LOOKUPS_PER_HOUR", 20)
QUERY_RESULT_DAYS = env.number("PORTICO_QUERY_RESULT_DAYS", 7)
# How long an approval may show somebody what is masked, and how long two people may in an emergency.
GRANT_DAYS = env.number("PORTICO_GRANT_DAYS", 90)
EMERGENCY_HOURS = env.number("PORTICO_EMERGENCY_HOURS", 4)

# Requests of people about their own data. By law: whose public holidays move the last day, and whose midnight ends it.
SUBJECT_CALENDARS: dict[str, str] = {
    "gdpr": env.text("PORTICO_GDPR_CALENDAR", "IE"),
    "ccpa": env.text("PORTICO_CCPA_CALENDAR", "US-CA"),
}
SUBJECT_TIME_ZONES: dict[str, str] = {
    "gdpr": env.text("PORTICO_GDPR_TIME_ZONE", "Europe/Dublin"),
    "ccpa": env.text("PORTICO_CCPA_TIME_ZONE", "America/Los_Angeles"),
}
SUBJECT_SOON_DAYS = env.number("PORTICO_SUBJECT_SOON_DAYS", 7)
SUBJECT_IDENTITY_DAYS = env.number("PORTICO_SUBJECT_IDENTITY_DAYS", 1095)
SUBJECT_PACKAGE_HOURS = env.number("PORTICO_SUBJECT_PACKAGE_HOURS", 168)
SUBJECT_LINK_HOURS = env.number("PORTICO_SUBJECT_LINK_HOURS", 24)

# Tools that only run as processes (dbt) live in an environment of their own.
TOOLS_BIN = Path(env.text("PORTICO_TOOLS_BIN", str(BASE_DIR / ".venv-tools" / "bin")))

# Durable runs. A worker that stays silent longer than the lease has lost its steps; the sweeper looks that often.
RUN_LEASE_SECONDS = env.number("PORTICO_RUN_LEASE_SECONDS", 15)
RUN_RENEW_SECONDS = env.number("PORTICO_RUN_RENEW_SECONDS", 4)
RUN_SWEEP_SECONDS = env.number("PORTICO_RUN_SWEEP_SECONDS", 3)
RUN_BACKOFF_SECONDS = env.number("PORTICO_RUN_BACKOFF_SECONDS", 2)
RUN_BACKOFF_CAP_SECONDS = env.number("PORTICO_RUN_BACKOFF_CAP_SECONDS", 120)
RUN_STOP_SECONDS = env.number("PORTICO_RUN_STOP_SECONDS", 10)
RUN_STORE_PATIENCE_SECONDS = env.number("PORTICO_RUN_STORE_PATIENCE_SECONDS", 900)
RUN_LOG_DAYS = env.number("PORTICO_RUN_LOG_DAYS", 30)
# A large extract is read on so many connections at once, all in one snapshot; 1: never split.
EXTRACT_CONNECTIONS = env.number("PORTICO_EXTRACT_CONNECTIONS", 2)
# How many steps of the whole portal may hold a pool at once.
RUN_POOLS: dict[str, int] = {"warehouse": 2, "query": 8, "extract": 2, "training": 1, "reports": 1}
# How many of a pool's places one person may hold at once, so that nobody waits for somebody who asks for much.
RUN_SHARES: dict[str, int] = {"query": env.number("PORTICO_QUERIES_AT_ONCE", 3)}
# How many threads of one worker a queue may take: a long load never takes the room of a query.
RUN_SLOTS: dict[str, int] = {
    "queries": env.number("PORTICO_RUN_QUERY_SLOTS", 4),
    "steps": env.number("PORTICO_RUN_STEP_SLOTS", 4),
}

# What a lower floor needs from a higher one it names here and never imports.
STEP_KINDS: dict[str, str] = {
    "pipelines.extract": "apps.pipelines.steps.extract",
    "pipelines.load": "apps.pipelines.steps.load",
    "pipelines.transform": "apps.pipelines.steps.transform",
    "pipelines.check": "apps.pipelines.steps.check",
    "pipelines.publish": "apps.pipelines.steps.publish",
    "queries.execute": "apps.queries.steps.execute",
    "compliance.search": "apps.compliance.requests.steps.search",
    "compliance.compare": "apps.compliance.requests.steps.compare",
    "compliance.erase": "apps.compliance.requests.steps.erase",
    "compliance.erase_held": "apps.compliance.requests.steps.erase_held",
    "compliance.rescan": "apps.compliance.requests.steps.search_again",
    "compliance.package": "apps.compliance.requests.steps.package",
    "compliance.certify": "apps.compliance.requests.steps.certify",
    "models.snapshot": "apps.models.steps.snapshot",
    "models.train": "apps.models.steps.train",
    "models.register": "apps.models.steps.register",
    "models.lineage": "apps.models.steps.lineage",
    "models.gates": "apps.models.steps.gates",
    "models.compare": "apps.models.drift.steps.compare",
    "models.draw": "apps.models.drift.steps.draw",
}
PERIODIC: dict[str, dict[str, object]] = {
    "runs-sweep": {"task": "portal.runs.tasks.sweep", "every_s": RUN_SWEEP_SECONDS},
    "runs-prune": {"task": "portal.runs.tasks.prune", "every_s": 6 * 3600},
    "pipelines-due": {"task": "apps.pipelines.tasks.start_due", "every_s": 20},
    "queries-schedules": {"task": "apps.queries.tasks.run_schedules", "every_s": 20},
    "queries-forget": {"task": "apps.queries.tasks.forget_old_results", "every_s": 3600},
    "queries-library": {"task": "apps.queries.tasks.recheck_library", "every_s": 60},
    "catalog-weigh": {"task": "apps.catalog.tasks.weigh_datasets", "every_s": 600},
    "catalog-suggest": {"task": "apps.catalog.tasks.suggest_categories", "every_s": 24 * 3600},
    "models-drift": {"task": "apps.models.tasks.look_for_drift", "every_s": DRIFT_MINUTES * 60},
    "models-forget": {"task": "apps.models.tasks.forget_old_inferences", "every_s": 6 * 3600},
    "compliance-refresh": {"task": "apps.compliance.tasks.refresh", "every_s": 60},
    "compliance-access": {"task": "apps.compliance.tasks.end_access", "every_s": 60},
    "compliance-requests": {"task": "apps.compliance.tasks.watch_requests", "every_s": 300},
    "models-aliases": {"task": "apps.models.tasks.reconcile_aliases", "every_s": 20},
    "audit-sequence": {"task": "portal.audit.tasks.sequence", "every_s": 2},
}
# Who else keeps copies of a person's values, and answers for them: name -> dotted path (`portal.holders`).
HOLDERS: dict[str, str] = {
    "pipelines.staged": "apps.pipelines.holder.StagedRows",
    "queries.executions": "apps.queries.holder.Answers",
    "pipelines.names": "apps.pipelines.holder.NamesOfLoads",
    "compliance.names": "apps.compliance.holder.Names",
    "compliance.packages": "apps.compliance.requests.holder.Packages",
    "runs.logs": "portal.runs.holder.Logs",
    "models": "apps.models.holder.HOLDS",
    "inferences": "apps.models.holding.INFERENCES",
    "drift": "apps.models.holding.DRIFT_REPORTS",
}
# name -> dotted path of the definition; `estate/` holds the one that the portal comes with.
PIPELINES: dict[str, str] = {
    "payments_elt": "estate.pipelines.payments_elt.PAYMENTS_ELT",
    "fraud_model": "estate.pipelines.fraud_model.FRAUD_MODEL",
}
# What the trail does not tell everybody who may read it: dotted paths of (person) -> Q over its events.
AUDIT_HIDDEN: list[str] = ["apps.compliance.requests.selectors.hidden_events"]
# The one next action of a dataset's page, for those whose role has it.
DATASET_ACTION: dict[str, str] = {
    "title": "Query",
    "url": "queries:start",
    "roles": "analyst steward compliance_officer ml_engineer",
}
# name -> dotted path of what a model is trained on and how.
TRAININGS: dict[str, str] = {"fraud_model": "estate.training.fraud_model.FRAUD_MODEL"}
# kind of a run -> the name of its own page, which takes the run's number; others have the general one.
RUN_PAGES: dict[str, str] = {"pipeline": "pipelines:run"}
# The page of a trained model, which takes its name.
MODEL_PAGE = "models:model"
DATASET_TABS: list[dict[str, str]] = [
    {"key": "sample", "title": "Sample", "url": "queries:sample"},
    {"key": "queries", "title": "Queries", "url": "queries:of-dataset"},
]
SEARCH_PROVIDERS: list[str] = [
    "apps.catalog.search.provider",
    "portal.desk.yours.find_pipelines",
    "portal.desk.yours.find_requests",
    "apps.models.search.find",
]
HOME_SECTIONS: list[str] = [
    "portal.desk.yours.requests",
    "portal.desk.yours.queries",
    "portal.desk.yours.pipelines",
    "apps.models.search.section",
]

# What a role may do with every object of a kind, given after each `migrate`. Single objects: `accounts.access`.
ROLE_PERMISSIONS: dict[str, list[str]] = {
    "analyst": ["pipelines.view_pipeline"],
    "steward": [
        "catalog.view_dataset",
        "pipelines.view_pipeline",
        "pipelines.run_pipeline",
        "ml.view_registeredmodel",
        "accounts.view_health",
    ],
    "compliance_officer": [
        "catalog.view_dataset",
        "pipelines.view_pipeline",
        "ml.view_registeredmodel",
        "accounts.view_audit",
        "compliance.view_subjectrequest",
        "compliance.handle_subjectrequest",
    ],
    "ml_engineer": [
        "pipelines.view_pipeline",
        "pipelines.run_pipeline",
        "ml.view_registeredmodel",
        "ml.promote_registeredmodel",
        "ml.run_driftreport",
    ],
    "auditor": [
        "catalog.view_dataset",
        "pipelines.view_pipeline",
        "ml.view_registeredmodel",
        "accounts.view_audit",
        "accounts.view_health",
        "compliance.view_subjectrequest",
    ],
    "administrator": [
        "catalog.view_dataset",
        "ml.view_registeredmodel",
        "pipelines.view_pipeline",
        "pipelines.run_pipeline",
        "accounts.view_audit",
        "accounts.view_health",
        "runs.control_run",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("PORTICO_LOG_LEVEL", "INFO")},
    # These log statements and parameters, which can hold a person's values.
    "loggers": {
        "django.db.backends": {"level": "WARNING"},
        "snowflake.connector": {"level": "CRITICAL"},
        "pymongo": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "sqlglot": {"level": "CRITICAL"},  # repeats the text that it does not understand
        # a refused or missing page is no fault of the portal's, and its traceback would bury those that are
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},  # two lines a task, and a task every other second
    },
}
