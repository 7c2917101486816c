"""The AWS CLI, each command in a process forked from this one, which has loaded it: ``python forking_aws.py``.

Loading takes two thirds of a command's processor time, and is the same for each. Takes jobs as lines of JSON; tells a
command's exit code once it has ended.
"""

import json
import os
import sys
import traceback
from typing import Any, NoReturn

import awscli.clidriver  # type: ignore[import-not-found]
import awscli.handlers  # type: ignore[import-not-found]

OWN_DATA = "AWS_DATA_PATH"  # set as the CLI is loaded


def main() -> None:
    """Run commands until there are no more."""
    assert awscli.handlers, "what every command loads"
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if not pid:
            run(job)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def run(job: dict[str, Any]) -> NoReturn:
    """Become a command: its arguments, its environment, and the files that it writes to."""
    exit_code = 1
    try:
        for number, name in enumerate((os.devnull, job["out"], job["err"])):
            os.dup2(os.open(name, os.O_RDWR), number)
        found_by_itself = {OWN_DATA: os.environ[OWN_DATA]}  # noqa: TID251 - the entry of a process
        os.environ.clear()  # noqa: TID251
        os.environ.update(job["environ"] | found_by_itself)  # noqa: TID251
        sys.argv = ["aws", *job["arguments"]]
        exit_code = awscli.clidriver.main()
    except SystemExit as ended:
        exit_code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - such as Python itself would tell
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    main()
