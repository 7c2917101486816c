// Tells each message that is due to everyone who has the page open.
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { all } from "./connections.mjs";

const sockets = new ApiGatewayManagementApiClient({ endpoint: process.env.SOCKETS_ENDPOINT });

const startedAt = Math.round(performance.timeOrigin); // of this process: the first call had to wait for it
let isFirst = true;

function cold(ms) {
  return ms ? ` and ${ms} ms of cold start` : "";
}

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
async function broadcast({ messageId, body, attributes, messageAttributes }, ids, calledAt) {
  const dueAt = Number(attributes.SentTimestamp) + 1000 * Number(messageAttributes.delay?.stringValue ?? 0);
  const coldMs = isFirst && startedAt > dueAt ? calledAt - startedAt : 0;
  const lateMs = calledAt - dueAt - coldMs;
  const said = JSON.stringify({ id: messageId, text: body, lateMs, coldMs });
  const posted = await Promise.allSettled(ids.map((id) => post(id, said)));
  const failed = posted.filter(({ status }) => status === "rejected");
  console.log(`${body}, ${lateMs} ms late${cold(coldMs)}, to ${posted.filter(({ value }) => value).length} of ${ids.length}`);
  for (const { reason } of failed) console.error(String(reason));
  return failed.length ? [{ itemIdentifier: messageId }] : [];
}

export async function handler({ Records }) {
  const calledAt = Date.now();
  const ids = await all();
  const failures = await Promise.all(Records.map((record) => broadcast(record, ids, calledAt)));
  isFirst = false;
  return { batchItemFailures: failures.flat() };
}
