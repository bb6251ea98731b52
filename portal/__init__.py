"""The Portico project: settings, and the ground every app stands on."""
