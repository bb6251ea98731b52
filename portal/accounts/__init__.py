"""Owns people, roles, purposes, API tokens, object permissions, sign-in.
Offers `selectors.roles_of`, `guards.requires_role`, `access.visible` and `access.grant_view`, `services.create_user`.
Stands on portal.audit: every change of who may do what is an event."""
