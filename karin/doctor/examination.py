"""The list of all checks, and what they say of the facts."""

from collections.abc import Callable, Iterator

from karin.doctor import deployment_checks, machine_checks, message_checks, store_checks
from karin.doctor.facts import Facts
from karin.doctor.findings import Finding, Severity

Check = Callable[[Facts], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    store_checks.unavailable_store,
    machine_checks.no_scheduler,
    machine_checks.no_endpoint,
    message_checks.stranded_in_aws,
    deployment_checks.unreadable_deployment,
    machine_checks.own_endpoint,
    deployment_checks.out_of_date,
    deployment_checks.polled_by_aws,
    deployment_checks.not_served,
    deployment_checks.paused,
    deployment_checks.uncallable_functions,
    store_checks.cluster,
    store_checks.eviction,
    store_checks.persistence,
    machine_checks.store_on_a_volatile_disk,
    store_checks.memory,
    store_checks.quotas,
    store_checks.connections,
    store_checks.budget,
    store_checks.plan,
    machine_checks.fly_stops_machines,
    machine_checks.clocks,
    message_checks.overdue,
    deployment_checks.short_visibility,
    deployment_checks.no_dead_letter_queue,
    deployment_checks.batches_over_the_limit,
    machine_checks.metrics,
    store_checks.untold,
)


def examine(facts: Facts) -> list[Finding]:
    """Return what is found, problems first, the gravest of each kind first."""
    findings = [finding for check in CHECKS for finding in check(facts)]
    return sorted(findings, key=lambda finding: finding.severity is not Severity.PROBLEM)
