"""Owns durable runs: plans of steps, claimed under leases, retried, resumed, cancelled, with a live log.
Offers `services` (start, cancel, resume, wait), `selectors`, the log and steps fragments; steps get a `StepContext`.
Stands on workflow, audit, notices, accounts and PostgreSQL; Celery and Valkey only carry messages.
"""
