"""The payments platform that the portal governs out of the box."""
