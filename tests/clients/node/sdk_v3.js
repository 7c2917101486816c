// One call by the SDK v3: a client and a command.
"use strict";

const { mustStayHere } = require("./loopback");

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
    mustStayHere(hostname, request.url);
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

module.exports = { answer };
