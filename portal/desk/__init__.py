"""Owns the frame of every page, home, search and palette, inbox, the audit pages, error pages, health.
Offers templates/base.html and the components in templates/cotton; reads what `settings` names of the floors below.
Stands on all of them; nobody imports it but the addresses."""
