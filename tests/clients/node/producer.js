// A program that sends with sqs-producer. Its argument is JSON: `client` (what an SQSClient is made with) and `options`
// for the library. It answers each line of stdin with a line of JSON on stdout: `{"send": ...}` with the results or
// the error, `{}` with the queue's size.
"use strict";

const readline = require("node:readline");

const { SQSClient } = require("@aws-sdk/client-sqs");
const { Producer } = require("sqs-producer");

const { client, options } = JSON.parse(process.argv[2]);
const producer = Producer.create({ ...(client && { sqs: new SQSClient(client) }), ...options });

async function answer({ send }) {
  try {
    return send === undefined ? { size: await producer.queueSize() } : { sent: await producer.send(send) };
  } catch (error) {
    return { error: { name: error.name, message: error.message, failed: error.failedMessages } };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line))));
  }
}

main();
