"""The scheduler process: wakes at due times, claims, calls Lambda, settles."""
