// Tells each message that is due to everyone who has the page open.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { all } from "./connections.mjs";

const sockets = new ApiGatewayManagementApiClient({ endpoint: process.env.SOCKETS_ENDPOINT });

// Resolves to whether the connection was still there.
async function post(ConnectionId, Data) {
  try {
    await sockets.send(new PostToConnectionCommand({ ConnectionId, Data }));
    return true;
  } catch (error) {
    if (error.name !== "GoneException") throw error; // gone, or not quite there yet: the table forgets it in time
    return false;
  }
}

// Resolves to the record's id if someone could not be told; then it comes again, and whoever heard it hears it twice.
async function broadcast({ messageId, body, attributes, messageAttributes }, ids, now) {
  const dueAt = Number(attributes.SentTimestamp) + 1000 * Number(messageAttributes.delay?.stringValue ?? 0);
  const said = JSON.stringify({ id: messageId, text: body, lateMs: now - dueAt });
  const posted = await Promise.allSettled(ids.map((id) => post(id, said)));
  const failed = posted.filter(({ status }) => status === "rejected");
  console.log(`${body}, ${now - dueAt} ms late, to ${posted.filter(({ value }) => value).length} of ${ids.length}`);
  for (const { reason } of failed) console.error(String(reason));
  return failed.length ? [{ itemIdentifier: messageId }] : [];
}

export async function handler({ Records }) {
  const now = Date.now();
  const ids = await all();
  const failures = await Promise.all(Records.map((record) => broadcast(record, ids, now)));
  return { batchItemFailures: failures.flat() };
}
