// Remembers who has the page open.
import { add, remove } from "./connections.mjs";

export async function connect({ requestContext: { connectionId } }) {
  await add(connectionId);
  return { statusCode: 200 };
}

export async function disconnect({ requestContext: { connectionId } }) {
  await remove(connectionId);
  return { statusCode: 200 };
}
