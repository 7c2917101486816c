// Imports a batch of lines, and tells which of them it could not read.
export const handler = async ({ Records }) => {
  const batchItemFailures = [];
  for (const { messageId, body } of Records) {
    try {
      console.log(`imported ${JSON.parse(body).item}`);
    } catch {
      console.log(`cannot read ${body}`);
      batchItemFailures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures };
};
