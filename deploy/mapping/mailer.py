"""The same handler whoever calls it, AWS's mapping or karin: it tells which messages of a batch failed."""


def handle(event, _context):
    failed = []
    for record in event["Records"]:
        try:
            print("mail to", record["body"])
        except Exception as error:  # noqa: BLE001 - whatever it is, only this message comes again
            print(record["messageId"], error)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
