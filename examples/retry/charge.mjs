// Charges a card at a bank that is closed. Open it, and what was put aside can be redriven.
const BANK = "closed";

export const handler = async ({ Records: [{ body, attributes }] }) => {
  if (BANK === "closed") throw new Error(`the bank is closed, try ${attributes.ApproximateReceiveCount} for ${body}`);
  console.log(`charged ${body}`);
};
