// Calls SQS with one of the SDKs of package.json. It answers each line of stdin, a job, with a line on stdout, in the
// form that boto3_driver.py describes; a job also names its `sdk`, and may give more of the client's `options`.
"use strict";

const readline = require("node:readline");

const LOOPBACK = "127.0.0.1";

async function answer({ sdk, endpoint, region, key_id, secret, session_token, options, action, input }) {
  const { SQSClient, QueueDoesNotExist, [`${action}Command`]: Command } = require(sdk);
  const credentials = { accessKeyId: key_id, secretAccessKey: secret };
  if (session_token) credentials.sessionToken = session_token;
  const client = new SQSClient({ ...(endpoint && { endpoint }), region, credentials, maxAttempts: 1, ...options });
  const request = {};
  const note = (next) => (args) => {
    const { protocol, hostname, port, path, headers } = args.request;
    request.url = `${protocol}//${hostname}${port ? `:${port}` : ""}${path}`;
    request.content_type = headers["content-type"];
    if (hostname !== LOOPBACK) {
      throw Object.assign(new Error(request.url), { name: "WentElsewhere" });
    }
    return next(args);
  };
  client.middlewareStack.add(note, { step: "finalizeRequest", priority: "low" });
  try {
    const { $metadata, ...output } = await client.send(new Command(input));
    return { request, output };
  } catch (error) {
    const described = {
      name: error.name,
      // For errors in its model the older SDK leaves these two below `Error`, and says "UnknownError" above.
      code: error.Code ?? error.Error?.Code,
      message: error.Error?.message ?? error.message,
      status: error.$metadata?.httpStatusCode,
      is_queue_does_not_exist: error instanceof QueueDoesNotExist,
    };
    return { request, error: described };
  } finally {
    client.destroy();
  }
}

function revived(_key, value) {
  const isBytes = value !== null && typeof value === "object" && Object.keys(value).join() === "base64";
  return isBytes ? Buffer.from(value.base64, "base64") : value;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line, revived)))}\n`);
  }
}

main();
