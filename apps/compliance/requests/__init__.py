"""Owns requests of people about their own data: clock, plan, approval, run, package, certificate.
Offers `services`, `selectors`, and pages under /compliance/requests/. Stands on the engine in
`apps.compliance.subjects`, which reaches a person in every store, and on `portal.runs`.
"""
