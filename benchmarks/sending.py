"""SendMessage over HTTP: requests per second and latency with 1 and 16 connections, beside moto's server."""

import re
import shutil
import subprocess
import tempfile

from benchmarks.harness import client, print_table, running_karin, running_moto

QUEUE = "load"
SECONDS = 8
ROUNDS = 3
CONNECTIONS = (1, 16)
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "AmazonSQS.SendMessage"
wrk.headers["Authorization"] =
  "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"
wrk.body = '{"QueueUrl":"%s","MessageBody":"a message of ordinary length, as people send them","DelaySeconds":900}'
"""


def main() -> None:
    """Print the median round of each; neither server checks a signature in this run."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    rows: list[tuple[object, ...]] = [("", "connections", "requests/s", "p50 ms", "p99 ms")]
    with running_karin([QUEUE]) as karin:
        rows += measure("karin, gunicorn with 1 worker", wrk, karin.url)
    with running_moto() as url:
        client(url).create_queue(QueueName=QUEUE)
        rows += measure("moto_server, in memory", wrk, url)
    print_table(f"SendMessage, JSON, median of {ROUNDS} rounds of {SECONDS} s", rows)


def measure(name: str, wrk: str, url: str) -> list[tuple[object, ...]]:
    """Return a row for each number of connections."""
    queue_url = client(url).get_queue_url(QueueName=QUEUE)["QueueUrl"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % queue_url)
        script.flush()
        rows: list[tuple[object, ...]] = []
        for connections in CONNECTIONS:
            rounds = sorted(one_round(wrk, url, connections, script.name) for _ in range(ROUNDS))
            rows.append((name, connections, *rounds[ROUNDS // 2]))
        return rows


def one_round(wrk: str, url: str, connections: int, script: str) -> tuple[float, float, float]:
    """Return requests per second, p50 and p99 in ms; fails when any request was refused."""
    command = [wrk, "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", script, url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"{url} refused requests:\n{printed}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert rate
    return float(rate[1]), latency_ms(printed, 50), latency_ms(printed, 99)


def latency_ms(printed: str, percent: int) -> float:
    """Return a line of wrk's latency distribution in ms."""
    found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", printed)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]
