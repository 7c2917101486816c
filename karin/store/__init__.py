"""Redis: the keys, one Lua script per command, and read-only views. The only package that knows Redis."""

from karin.unloaded import leave_unloaded

# Before any module of this package imports redis: what redis-py imports in every process and karin never uses. Its
# asyncio twin takes 1.2 MB, importlib.metadata, with the email package behind it, 1.3 MB, the rest 0.9 MB: of each
# process, on a machine of 256 MB.
leave_unloaded("importlib.metadata")
leave_unloaded("opentelemetry.sdk.metrics", "MeterProvider")  # 2.3 MB where it is installed: karin traces alone
leave_unloaded("opentelemetry.metrics", "Meter")
leave_unloaded("redis.asyncio")
leave_unloaded("redis.cluster", "RedisCluster")
leave_unloaded("redis.commands.cluster", "READ_COMMANDS", "AsyncRedisClusterCommands", "RedisClusterCommands")
leave_unloaded(
    "redis.keyspace_notifications",
    *("ChannelType", "ClusterKeyspaceNotifications", "EventType", "KeyeventChannel", "KeyNotification"),
    *("KeyspaceChannel", "KeyspaceNotifications", "KeyspaceNotificationsInterface", "KeyspaceWorkerThread"),
    *("SubkeyeventChannel", "SubkeyspaceChannel", "SubkeyspaceeventChannel", "SubkeyspaceitemChannel"),
    "get_channel_type",
)
leave_unloaded(
    "redis.sentinel",
    *("Sentinel", "SentinelConnectionPool", "SentinelManagedConnection", "SentinelManagedSSLConnection"),
)
