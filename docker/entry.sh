#!/bin/sh
# entry.sh web | queries | loads | worker | beat | scoring | migrate | any other command of manage.py
set -eu
cd "$(dirname "$0")/.."
query_slots=${PORTICO_RUN_QUERY_SLOTS:-4}
step_slots=${PORTICO_RUN_STEP_SLOTS:-4}

# An unsafe or incomplete configuration ends here, with an id and a hint, before anything listens.
checked() {
    python manage.py check --fail-level ERROR
}

worker() { # $1 threads, $2 queues: the sum of the queues' slots, and two more for upkeep (portal/celery.py)
    checked
    export MALLOC_ARENA_MAX=2 # as in portal/embedded/up.py
    exec python -m celery --quiet -A portal.celery worker --pool threads --concurrency "$1" -Q "$2" \
        --without-gossip --without-mingle --without-heartbeat --loglevel INFO
}

case "${1:-web}" in
web)
    checked
    # One process: live logs are server-sent events, so a stop does not wait for them for ever.
    exec python -m uvicorn portal.asgi:application --host 0.0.0.0 --port 8000 --timeout-graceful-shutdown 3 \
        --no-access-log --no-server-header --lifespan off --log-level warning
    ;;
queries) worker "$((query_slots + 2))" control,queries ;;
loads) worker "$((step_slots + 2))" control,steps ;;
worker) worker "$((query_slots + step_slots + 2))" control,queries,steps ;;
beat)
    checked
    exec python -m celery --quiet -A portal.celery beat --loglevel WARNING
    ;;
scoring)
    checked
    exec python -m apps.models.scoring --host 0.0.0.0 --port 8100 --certificate /made/server.crt --key /made/server.key
    ;;
migrate) exec python manage.py migrate --database owner --noinput ;;
*) exec python manage.py "$@" ;;
esac
