"""karin while its store is away, full, or refuses: real Valkey, real gunicorn, a real scheduler, and a proxy."""
