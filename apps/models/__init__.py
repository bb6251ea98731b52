"""Owns the area of models: what serves, by whose approval, and how it drifts. For now, the page that says so.
Its label is "ml", because an app called "models" would shadow every app's own models module.
Stands on pipelines, compliance and the catalog."""
