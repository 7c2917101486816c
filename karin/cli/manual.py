"""What the help of each command tells beyond its options: how it behaves, examples, exit codes, variables.

Loaded only by who shows help, makes the man page or docs/commands.md. Lines are wrapped by whoever shows them.
"""

from typing import NamedTuple

FOUND_BY = ("KARIN_HOME", "REDIS_URL")  # how a command finds the karin that it is for
ASKS_AWS = (*FOUND_BY, "AWS_REGION", "AWS_*")
EXIT_CODES = ("done", "failed", "wrong usage or a wrong setting")


class Page(NamedTuple):
    """The help of one command. Examples are command lines, each with what it does."""

    text: str
    examples: tuple[tuple[str, str], ...]
    variables: tuple[str, ...] = FOUND_BY
    exit_codes: tuple[str, ...] = EXIT_CODES  # of 0, 1 and 2
    runs_karin: bool = False  # heeds every variable


PAGES = {
    "up": Page(
        "Stays in the foreground until TERM or Ctrl-C, starts again what crashes, and is fit to be the first"
        " process of a container. The store is karin's own in KARIN_HOME unless REDIS_URL names another. Without"
        " KARIN_ACCESS_KEYS or KARIN_URL_TOKEN it binds loopback only.",
        (
            ("karin up", "on 127.0.0.1:4000, for this machine alone"),
            ("KARIN_BIND=0.0.0.0:4000 KARIN_ACCESS_KEYS=app:SECRET karin up", "for others, who sign with that key"),
        ),
        exit_codes=("ended as it was told", "a part is beyond repair", "wrong usage or a wrong setting"),
        runs_karin=True,
    ),
    "dev": Page(
        "Reads the Serverless Framework's serverless.yml or a SAM template, makes its queues, runs its functions on"
        " this machine and delivers to them, without an AWS account. Changed code is run from the next call on."
        " Ctrl-C ends it; what waits in queues is there again at the next start.",
        (
            ("karin dev", "the project in this folder"),
            ("karin dev examples/serverless", "the one in that folder"),
            ("karin dev --stage test --param greeting=hi", "another stage, with a parameter"),
        ),
        variables=("KARIN_HOME", "KARIN_BIND", "AWS_REGION", "AWS_*"),
    ),
    "demo": Page(
        "Starts karin on a store of its own with a local Lambda service, sends one message with a delay of 10 s and"
        " then one with a delay of 5 s, and shows both arrive when they are due. Leaves nothing behind.",
        (
            ("karin demo", "takes a quarter of a minute"),
            ("karin demo --keep", "then try karin-tui and karin send on it"),
        ),
        variables=(),
        exit_codes=("both arrived in due order and on time", "they did not", "wrong usage"),
    ),
    "endpoint": Page(
        "One part of `karin up`, for several machines or for whoever watches processes by themselves. It needs a store"
        " that runs: REDIS_URL, or that of a karin in the same KARIN_HOME.",
        (("REDIS_URL=rediss://HOST:6379 karin endpoint", "gunicorn with the SQS endpoint, nothing else"),),
        runs_karin=True,
    ),
    "scheduler": Page(
        "One part of `karin up`: it calls the functions. Several on one store are correct, since no message is claimed"
        " twice.",
        (("REDIS_URL=rediss://HOST:6379 karin scheduler", "deliver from that store"),),
        runs_karin=True,
    ),
    "status": Page(
        "Shows schedulers, messages, the next due time, paused mappings, where the store and the endpoint are, and what"
        " the queues hold of what they may.",
        (
            ("karin status", "all of it"),
            ("karin status --json | jq .schedulers_alive", "for a script"),
        ),
        exit_codes=("karin is alive", "no scheduler is, or the endpoint or the store does not answer", "wrong usage"),
    ),
    "queues": Page(
        "Each with what is ready, delayed and in flight, when its next message is due, and the functions it feeds.",
        (("karin queues", "a table"), ("karin queues --json", "with attributes and bytes")),
    ),
    "mappings": Page(
        "Each with its batch size, window, its state in AWS, and whether karin delivers for it; if not, why. It is what"
        " the last `karin sync` read.",
        (("karin mappings", "IN AWS should say Disabled, and SERVED yes"),),
    ),
    "functions": Page(
        "As of the last `karin sync`.",
        (("karin functions", "names, runtimes, URLs"), ("karin functions --json", "all that is known of them")),
    ),
    "messages": Page(
        "Nothing is received by it: no message is hidden and no receive is counted. With an ID it shows that message"
        " whole, with its body and attributes.",
        (
            ("karin messages mails", "the first 20, the next due first"),
            ("karin messages mails 137bd383", "one whole"),
            ("karin messages mails --state delayed --limit 100", "only what waits for its time"),
        ),
    ),
    "invocations": Page(
        "karin keeps the last invocations of each queue: when, how many messages, outcome, lateness, duration, error."
        " With an ID it shows that one whole, with the event and the end of the function's log.",
        (
            ("karin invocations", "of all queues"),
            ("karin invocations mails --failed", "what failed of one"),
            ("karin invocations 40c41825", "one, with its log and its event"),
        ),
    ),
    "doctor": Page(
        "Looks at the store, the deployment in AWS, this machine, and messages that nobody will deliver; changes"
        " nothing. Each finding says what it is, why it matters and what to do. It costs what `karin sync` costs, and"
        " a dry run of each function, which is not billed.",
        (
            ("karin doctor", "look"),
            ("karin doctor --json", "with codes that stay the same, for scripts"),
            ("karin doctor --import mails", "fetch what was sent to the real SQS"),
        ),
        variables=ASKS_AWS,
        exit_codes=("no problem, though perhaps notes", "a problem", "wrong usage"),
    ),
    "send": Page(
        "Through the store, so without a signature and with the same checks as at the endpoint.",
        (
            ("karin send mails hello --delay 5m", "due in five minutes"),
            ("karin send orders.fifo '{\"item\": 1}' --group ann", "to a FIFO queue"),
            ("echo hello | karin send mails -", "the body from standard input"),
            ("karin send mails hello --attribute kind=test", "with an attribute, for filters say"),
        ),
    ),
    "purge": Page(
        "At once and for good: ready, delayed and in flight. It asks first, unless told --yes.",
        (("karin purge mails", "asks"), ("karin purge mails --yes", "does not")),
    ),
    "reschedule": Page(
        "A message that was received or moved since it was looked at is left alone. One in flight stays so until the"
        " new instant, as if its receiver had extended it.",
        (
            ("karin reschedule mails 137bd383 --now", "run it now"),
            ("karin reschedule mails 137bd383 --in 2h", "in two hours"),
            ("karin reschedule mails 137bd383 --at 14:30", "at that time today, of this machine's zone"),
        ),
        variables=(*FOUND_BY, "NO_COLOR, COLUMNS, TZ"),
    ),
    "delete": Page(
        "For good. It asks first, unless told --yes.",
        (("karin delete mails 137bd383", "the beginning of an id is enough"),),
    ),
    "redrive": Page(
        "Starts a message move task, which the schedulers carry out: the dead letters of a queue go back to the queues"
        " that they came from, or to another.",
        (
            ("karin redrive mails-dead", "back to where they came from"),
            ("karin redrive mails-dead --to mails --rate 10", "to one queue, ten a second"),
        ),
    ),
    "replay": Page(
        "Calls the function with the very event of that invocation, which touches no queue: what failed before stays"
        " where it is.",
        (("karin replay 40c41825", "asks, calls, shows outcome and log"),),
        variables=ASKS_AWS,
        exit_codes=("the function succeeded", "it did not, or could not be called", "wrong usage"),
    ),
    "pause": Page(
        "Messages are accepted and wait. Calls in flight end as usual.",
        (("karin pause mails --because 'deploying'", "until `karin resume mails`"),),
    ),
    "resume": Page(
        "Also ends a pause that karin made itself because AWS refused calls.",
        (("karin resume mails", "what waited is due at once"),),
    ),
    "sync": Page(
        "Reads functions, mappings and the queues' attributes, and tells what changed. Say it at the end of each"
        " deployment, or set KARIN_SYNC_INTERVAL.",
        (("karin sync", "read and take over"), ("karin sync --dry-run", "only tell")),
        variables=ASKS_AWS,
    ),
    "serve": Page(
        "For a mapping that is enabled in AWS karin delivers nothing unless told so by this: what is sent to both would"
        " be delivered twice.",
        (("karin serve mails", "deliver all the same"), ("karin serve mails --undo", "no longer")),
    ),
    "backup": Page(
        "Queues, messages, leases, FIFO groups, invocations, mappings and pauses, compressed, for the file's owner"
        " alone. The file is replaced in one step once it is whole. It holds messages as they are.",
        (("karin backup /var/backups/karin", "while karin runs or not"),),
    ),
    "restore": Page(
        "Checks the whole file before it writes. A store that holds queues is refused without --replace, one that a"
        " karin serves without --force.",
        (
            ("karin restore /var/backups/karin", "into an empty store"),
            ("REDIS_URL=rediss://HOST:6379 karin restore FILE --replace", "move to another store"),
        ),
    ),
    "handover": Page(
        "Moves what waits, delays included, and may be broken off and started again at any point: nothing is lost.",
        (
            ("karin handover mails --to-sqs --dry-run", "what there is to move"),
            ("karin handover mails --to-sqs --wait", "stay until none is left"),
            ("karin handover mails --from-sqs", "fetch what SQS has"),
        ),
        variables=ASKS_AWS,
        exit_codes=("everything is moved", "something is left, or failed", "wrong usage"),
    ),
    "completion": Page(
        "Commands, options, what an option may be, and names of queues and mappings of the karin that runs here.",
        (
            ('eval "$(karin completion bash)"', "in ~/.bashrc"),
            ('eval "$(karin completion zsh)"', "in ~/.zshrc, after compinit"),
            ("karin completion fish | source", "in ~/.config/fish/config.fish"),
        ),
        variables=(),
    ),
}
