"""CDK: ``enabled=False``. Try it with ``cdk synth --app "python3 cdk_app.py"``."""

from aws_cdk import App, Duration, Stack
from aws_cdk.aws_lambda import Code, Function, Runtime
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_sqs import DeadLetterQueue, Queue

app = App()
stack = Stack(app, "Mapping")

mails = Queue(
    stack,
    "Mails",
    queue_name="mails",
    visibility_timeout=Duration.seconds(60),  # six times the function's timeout
    dead_letter_queue=DeadLetterQueue(
        max_receive_count=5,
        queue=Queue(stack, "DeadMails", queue_name="mails-dead", retention_period=Duration.days(14)),
    ),
)
mailer = Function(
    stack,
    "Mailer",
    runtime=Runtime.PYTHON_3_13,
    handler="mailer.handle",
    code=Code.from_asset(".", exclude=["*", "!mailer.py"]),
    timeout=Duration.seconds(10),
)
# karin delivers; AWS polls nothing.
mailer.add_event_source(SqsEventSource(mails, batch_size=10, report_batch_item_failures=True, enabled=False))

app.synth()
