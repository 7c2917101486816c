// Writes down what is worth a hundred or more: the mapping's filter keeps the rest away.
export const handler = async (event) => {
  for (const record of event.Records) console.log(`booked ${JSON.parse(record.body).price}`);
};
