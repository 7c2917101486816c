// Applies a user's changes. A slow one holds up the same user's next, and nobody else's.
import { setTimeout as pause } from "node:timers/promises";

export const handler = async ({ Records: [{ body, attributes }] }) => {
  if (body.includes("slow")) await pause(2000);
  console.log(`${attributes.MessageGroupId}: ${body}`);
};
