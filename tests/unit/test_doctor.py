"""Each check of the doctor: what it finds in which facts, how bad that is, and that it stays silent otherwise."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from karin.aws.inspection import DryRun
from karin.budget.levels import Level, Outlook
from karin.doctor import deployment_checks, machine_checks, message_checks, store_checks
from karin.doctor.examination import CHECKS, examine
from karin.doctor.facts import Facts, MetricsFacts, PlatformFacts
from karin.doctor.findings import Finding, Severity
from karin.mapping.changes import FieldChange, MappingChange
from karin.mapping.model import MappedQueue
from karin.mapping.pause import paused_by_karin, paused_by_user
from karin.operations.syncing import QueueChange
from karin.parts import DOWN, SILENT, STOPPED, Parts
from karin.sqs.names import QueueId
from karin.sqs.quotas import Limits
from karin.store.inspection import StoreFacts
from tests.unit.doctor_facts import (
    ACCOUNT,
    FUNCTION_ARN,
    GOOD_STORE,
    NOW_MS,
    REDRIVE,
    REGION,
    deployment,
    facts,
    filled,
    heard,
    mapping,
    pending,
    queue,
    store,
)

P, N = Severity.PROBLEM, Severity.NOTE
Check = Callable[[Facts], Iterator[Finding]]
CASES: list[tuple[Check, Facts, Severity | None, str]] = [
    (deployment_checks.unreadable_deployment, facts(deployed_problem="no answer"), P, "no answer"),
    (deployment_checks.out_of_date, facts(synced=None), P, "karin sync"),
    (deployment_checks.out_of_date, facts(synced=None, pending=None, deployed=None), None, ""),
    (deployment_checks.out_of_date, facts(pending=pending(added=("a -> b",))), P, "new: a -> b"),
    (
        deployment_checks.out_of_date,
        facts(pending=pending(changed=(MappingChange("a -> b", (FieldChange("batch size", "10", "5"),)),))),
        P,
        "changed: a -> b: batch size 10 -> 5",
    ),
    (deployment_checks.out_of_date, facts(pending=pending(created_queues=("0/q",))), P, "new queue: 0/q"),
    (deployment_checks.out_of_date, facts(pending=pending(removed=("a -> b",))), N, "gone: a -> b"),
    (
        deployment_checks.out_of_date,
        facts(pending=pending(changed_queues=(QueueChange("0/q", (FieldChange("DelaySeconds", "0", "1"),)),))),
        N,
        "DelaySeconds 0 -> 1",
    ),
    (deployment_checks.polled_by_aws, facts(deployment(mapping(state="Enabled"))), P, "648,000"),
    (deployment_checks.polled_by_aws, facts(deployment(mapping(state="Enabling"))), P, "`karin serve jobs`"),
    (
        deployment_checks.polled_by_aws,
        facts(deployment(mapping(state="Enabled", served_anyway=True))),
        N,
        "delivered twice",
    ),
    (deployment_checks.polled_by_aws, facts(deployment(mapping(state="Disabling"))), None, ""),
    (deployment_checks.not_served, facts(deployment(mapping(state="Updating"))), P, "AWS is changing it (Updating)"),
    (deployment_checks.not_served, facts(deployment(mapping(filters_readable=False))), P, "kms:Decrypt"),
    (deployment_checks.not_served, facts(deployment(mapping(state="Enabled"))), None, ""),
    (deployment_checks.paused, facts(pauses={"id-1": paused_by_user("lunch", 1)}), N, "paused by user: lunch"),
    (deployment_checks.paused, facts(pauses={"id-1": paused_by_karin(None, "denied", 1)}), P, "by karin: denied"),
    (deployment_checks.paused, facts(pauses={"another": paused_by_user("lunch", 1)}), None, ""),
    (
        deployment_checks.uncallable_functions,
        facts(aws=heard(calls=(DryRun(FUNCTION_ARN, "AccessDeniedException: allow lambda:InvokeFunction"),))),
        P,
        f"{FUNCTION_ARN}:*",
    ),
    (
        deployment_checks.uncallable_functions,
        facts(aws=heard(calls=(DryRun(FUNCTION_ARN, "it does not exist"),))),
        P,
        "function work",
    ),
    (
        deployment_checks.uncallable_functions,
        facts(aws=heard(calls=(DryRun(FUNCTION_ARN, "too many requests", is_certain=False),))),
        N,
        "cannot be told",
    ),
    (deployment_checks.uncallable_functions, facts(aws=heard(calls=(DryRun(FUNCTION_ARN),))), None, ""),
    (
        deployment_checks.short_visibility,
        facts(deployment(timeout_seconds=61)),
        P,
        "is below the 61 s that work may run; advised: 366 s",
    ),
    (
        deployment_checks.short_visibility,
        facts(deployment(mapping(window_seconds=20), timeout_seconds=10)),
        N,
        "less than six times the 10 s that work may run and its window of 20 s; advised: 80 s",
    ),
    (deployment_checks.short_visibility, facts(deployment(timeout_seconds=10)), None, ""),
    (deployment_checks.short_visibility, facts(deployment(VisibilityTimeout="")), None, ""),
    (deployment_checks.no_dead_letter_queue, facts(deployment(RedrivePolicy="")), N, "about 5,760 times"),
    (deployment_checks.no_dead_letter_queue, facts(deployment(RedrivePolicy="", VisibilityTimeout="0")), N, "345,600"),
    (deployment_checks.no_dead_letter_queue, facts(deployment(RedrivePolicy="", VisibilityTimeout="")), None, ""),
    (
        deployment_checks.batches_over_the_limit,
        facts(deployment(mapping(batch_size=25), MaximumMessageSize="262144")),
        N,
        "jobs -> work (25 x 256 KiB)",
    ),
    (
        deployment_checks.batches_over_the_limit,
        facts(deployment(mapping(batch_size=24), MaximumMessageSize="262144")),
        None,
        "",
    ),
    (deployment_checks.batches_over_the_limit, facts(deployment(MaximumMessageSize="1048576")), None, ""),
    (
        message_checks.stranded_in_aws,
        facts(deployment(ApproximateNumberOfMessages="2", ApproximateNumberOfMessagesDelayed="3")),
        P,
        "5 messages in the real SQS queue",
    ),
    (
        message_checks.stranded_in_aws,
        facts(deployment(ApproximateNumberOfMessages="1", MessageRetentionPeriod="90")),
        P,
        "AWS deletes the messages when they are 1m old.",
    ),
    (
        message_checks.stranded_in_aws,
        facts(deployment(ApproximateNumberOfMessages="1", MessageRetentionPeriod="86400")),
        P,
        "AWS deletes the messages when they are 1 day old.",
    ),
    (
        message_checks.stranded_in_aws,
        facts(deployment(mapping(state="Enabled"), ApproximateNumberOfMessages="2")),
        None,
        "",
    ),
    (
        message_checks.stranded_in_aws,
        facts(deployment(ApproximateNumberOfMessages="2"), deployed=None),  # a sync long ago
        None,
        "",
    ),
    (
        message_checks.stranded_in_aws,
        facts(deployment(ApproximateNumberOfMessages="2"), aws=heard(sqs_is_karin=True)),
        None,
        "",
    ),
    (
        message_checks.stranded_in_aws,
        facts(
            replace(
                deployment(),
                queues=(MappedQueue(f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", {"ApproximateNumberOfMessages": "1"}),),
            )
        ),
        N,
        "1 message in the real dead-letter queue",
    ),
    (message_checks.overdue, facts(queues=(queue(3, due_ms_ago=900_000),)), N, "3 messages not delivered"),
    (
        message_checks.overdue,
        facts(queues=(queue(3, due_ms_ago=900_000, queue_id=QueueId(ACCOUNT, "other")),)),
        N,
        "No mapping that karin serves",
    ),
    (
        message_checks.overdue,
        facts(
            queues=(
                queue(0, due_ms_ago=-1, RedrivePolicy=REDRIVE),
                queue(3, due_ms_ago=900_000, queue_id=QueueId(ACCOUNT, "dead")),
            )
        ),
        None,
        "",
    ),
    (message_checks.overdue, facts(queues=(queue(3, due_ms_ago=300_000),)), None, ""),
    (store_checks.unavailable_store, facts(store_problem="connection refused"), P, "connection refused"),
    (
        store_checks.unavailable_store,
        facts(store=replace(GOOD_STORE, nodes=3), store_problem="connecting to a:1: refused"),
        P,
        "a node of its cluster does not serve",
    ),
    (
        store_checks.unavailable_store,
        facts(store_problem="ERR max requests limit exceeded. Limit: 500000, Usage: 500000."),
        P,
        "larger plan",
    ),
    (
        store_checks.unavailable_store,
        facts(store=StoreFacts(refusals={"INFO": "ERR max daily request limit exceeded."})),
        P,
        "larger plan",
    ),
    (store_checks.eviction, facts(store=store(maxmemory_policy="allkeys-lru")), P, "allkeys-lru"),
    (
        store_checks.eviction,
        facts(store=store(maxmemory_policy="allkeys-random", evicted_keys="1234")),
        P,
        "it has dropped 1,234 keys",
    ),
    (store_checks.eviction, facts(store=store(maxmemory_policy="volatile-lru")), None, ""),
    (store_checks.quotas, facts(queues=(filled(790),), limits=Limits(1_000, 10_000)), None, ""),
    (store_checks.quotas, facts(queues=(filled(800),), limits=Limits(1_000, 10_000)), N, "800 of 1,000 bytes, 80%"),
    (store_checks.quotas, facts(queues=(filled(900),), limits=Limits(1_000, 10_000)), P, "900 of 1,000 bytes, 90%"),
    (store_checks.quotas, facts(queues=(filled(900),) * 2, limits=Limits(None, 2_000)), P, "they hold 1,800 of 2,000"),
    (store_checks.quotas, facts(queues=(filled(10**9),)), None, ""),
    (store_checks.memory, facts(store=store(used_memory="29000000", maxmemory="30000000")), P, "28 of the 29 MB"),
    (store_checks.memory, facts(store=store(used_memory="24000000", maxmemory="30000000")), N, "that it may take"),
    (store_checks.memory, facts(store=store(used_memory="15000000", maxmemory="30000000")), None, ""),
    (
        store_checks.memory,
        facts(store=store(used_memory="130000000", maxmemory="0", total_system_memory="256000000")),
        P,
        "of its machine",
    ),
    (
        store_checks.memory,
        facts(store=store(used_memory="60000000", maxmemory="0", total_system_memory="256000000")),
        None,
        "",
    ),
    (
        store_checks.cluster,
        facts(store=replace(GOOD_STORE, nodes=3, uncovered=5462)),
        P,
        "5,462 of the cluster's 16,384",
    ),
    (store_checks.cluster, facts(store=replace(GOOD_STORE, nodes=3, lonely=("a:1",))), N, "1 of its 3 primaries"),
    (store_checks.cluster, facts(store=replace(GOOD_STORE, nodes=3)), None, ""),
    (store_checks.connections, facts(store=store(connected_clients="28", maxclients="30")), N, "28 of 30"),
    (store_checks.connections, facts(store=store(rejected_connections="7")), N, "7 were refused"),
    (store_checks.connections, facts(store=store(connected_clients="8", maxclients="30")), None, ""),
    (store_checks.persistence, facts(store=store(aof_enabled="0")), P, "keeps nothing on disk"),
    (store_checks.persistence, facts(store=replace(store(aof_enabled="0"), save="3600 1")), N, "save 3600 1"),
    (store_checks.persistence, facts(store=replace(store(aof_enabled="0"), save=None)), None, ""),
    (store_checks.persistence, facts(store=store(aof_last_write_status="err")), P, "write to disk failed"),
    (store_checks.persistence, facts(store=store(rdb_last_bgsave_status="err")), P, "write to disk failed"),
    (store_checks.budget, facts(outlook=Outlook(100, False, 70, Level.SWEEP, None)), N, "70 of 100 commands"),
    (store_checks.budget, facts(outlook=Outlook(100, False, 30, Level.NOTHING, NOW_MS)), N, "enough until 22:13 UTC"),
    (store_checks.budget, facts(outlook=Outlook(100, True, 100, Level.SWEEP, NOW_MS)), P, "as the store told"),
    (store_checks.budget, facts(outlook=Outlook(100, False, 10, Level.NOTHING, None)), None, ""),
    (
        store_checks.plan,
        facts(store=store(total_commands_processed="20000", uptime_in_seconds="86400"), store_host="eu1-a.upstash.io"),
        N,
        "about 600,000 commands a month",
    ),
    (
        store_checks.plan,
        facts(store=store(total_commands_processed="20000", uptime_in_seconds="86400"), store_host="my-redis"),
        None,
        "",
    ),
    (
        store_checks.plan,
        facts(store=store(instantaneous_ops_per_sec="90"), store_host="redis-1.c1.eu.redis-cloud.com"),
        N,
        "100 a second",
    ),
    (store_checks.untold, facts(store=StoreFacts(refusals={"INFO": "unknown command"})), N, "INFO: unknown command"),
    (store_checks.untold, facts(store=replace(store(aof_enabled="0"), save=None)), N, "how often it writes to disk"),
    (store_checks.untold, facts(store=StoreFacts(), store_problem="connection refused"), None, ""),
    (machine_checks.no_scheduler, facts(schedulers_alive=0), P, "karin up"),
    (machine_checks.no_scheduler, facts(schedulers_alive=None), None, ""),
    (machine_checks.no_scheduler, facts(schedulers_alive=0, parts=Parts(scheduler=STOPPED)), P, "kill -CONT"),
    (machine_checks.no_endpoint, facts(parts=Parts(endpoint=STOPPED)), P, "kill -CONT"),
    (machine_checks.no_endpoint, facts(parts=Parts(endpoint=SILENT)), P, "does not answer"),
    (machine_checks.no_endpoint, facts(parts=Parts(endpoint=DOWN)), P, "does not run"),
    (machine_checks.no_endpoint, facts(parts=Parts(scheduler=DOWN)), None, ""),
    (machine_checks.no_endpoint, facts(parts=None), None, ""),
    (machine_checks.metrics, facts(metrics=MetricsFacts("http://x", "http://x does not answer: no")), P, "not answer"),
    (machine_checks.metrics, facts(metrics=MetricsFacts("http://x")), None, ""),
    (machine_checks.clocks, facts(aws=heard(clock_ahead_ms=400_000)), P, "400 s ahead of AWS's"),
    (machine_checks.clocks, facts(aws=heard(clock_ahead_ms=-5_000)), N, "5 s behind AWS's"),
    (machine_checks.clocks, facts(aws=heard(clock_ahead_ms=1_500)), None, ""),
    (machine_checks.clocks, facts(store=replace(GOOD_STORE, clock_ahead_ms=3_000)), N, "ahead of the store's"),
    (machine_checks.own_endpoint, facts(aws=heard(sqs_is_karin=True, sqs_url="http://k")), P, "http://k"),
    (machine_checks.fly_stops_machines, facts(platform=PlatformFacts(fly_stops=((True, 0),))), P, '= "off"'),
    (machine_checks.fly_stops_machines, facts(platform=PlatformFacts(fly_stops=((True, 1),))), N, "primary region"),
    (machine_checks.fly_stops_machines, facts(platform=PlatformFacts(fly_stops=((False, 0),))), None, ""),
    (machine_checks.fly_stops_machines, facts(platform=PlatformFacts(is_fly_machine=True)), N, "cannot be seen"),
    (
        machine_checks.store_on_a_volatile_disk,
        facts(platform=PlatformFacts(is_fly_machine=True, store_disk="ext4", store_mount="/")),
        P,
        "Mount a volume",
    ),
    (
        machine_checks.store_on_a_volatile_disk,
        facts(platform=PlatformFacts(is_fly_machine=True, store_disk="ext4", store_mount="/data")),
        None,
        "",
    ),
    (
        machine_checks.store_on_a_volatile_disk,
        facts(platform=PlatformFacts(store_disk="overlay", store_mount="/")),
        N,
        "overlay at /",
    ),
    (
        machine_checks.store_on_a_volatile_disk,
        facts(platform=PlatformFacts(store_disk="ext4", store_mount="/")),
        None,
        "",
    ),
]


@pytest.mark.parametrize(("check", "given", "severity", "words"), CASES)
def test_a_check_finds_what_it_is_for_and_nothing_else(
    check: Check, given: Facts, severity: Severity | None, words: str
) -> None:
    findings = list(check(given))

    assert [one.severity for one in findings] == ([severity] if severity else [])
    for one in findings:
        text = " ".join((one.subject, one.what, one.why, one.fix))
        assert words in text
        assert one.why.endswith(".")
        assert one.fix.endswith(".")


def test_every_check_is_covered_and_none_finds_anything_in_good_health() -> None:
    assert {check for check, *_ in CASES} == set(CHECKS)
    assert examine(facts()) == []


def test_every_finding_stands_in_the_documentation() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")

    codes = {finding.code for check, given, *_ in CASES for finding in check(given)}

    assert {code for code in codes if f"`{code}`" not in documented} == set()


def test_problems_come_before_notes() -> None:
    findings = examine(facts(deployment(RedrivePolicy=""), schedulers_alive=0, store=store(aof_enabled="0")))

    assert [one.code for one in findings] == ["no-scheduler", "no-persistence", "no-dead-letter-queue"]


def test_with_nothing_known_at_all_every_check_stays_calm() -> None:
    assert examine(Facts(NOW_MS)) == []
