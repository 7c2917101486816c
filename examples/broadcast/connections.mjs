// Who has the page open: the ids of their connections, in a table.
import { DeleteItemCommand, DynamoDBClient, paginateScan, PutItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({});
const TableName = process.env.CONNECTIONS_TABLE;
const LONGEST_SECONDS = 2 * 60 * 60; // API Gateway ends a connection after that; $disconnect is not promised to come

export async function add(id) {
  const expires = Math.ceil(Date.now() / 1000) + LONGEST_SECONDS;
  await client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, expires: { N: String(expires) } } }));
}

export async function remove(id) {
  await client.send(new DeleteItemCommand({ TableName, Key: { id: { S: id } } }));
}

export async function all() {
  const ids = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName })) ids.push(...Items.map(({ id }) => id.S));
  return ids;
}
