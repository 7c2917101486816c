// A program that consumes a queue with sqs-consumer, and tells each event of the library with a line of JSON on stdout.
//
// Its argument is JSON: `client` (what an SQSClient is made with; null: the library makes its own), `handle` (what the
// program does with a message: see below), `in_batches`, and `options` for the library. It obeys the lines "finish",
// "stop" and "abort" on stdin, and ends with its stdin.
"use strict";

const readline = require("node:readline");

const { SQSClient } = require("@aws-sdk/client-sqs");
const { Consumer } = require("sqs-consumer");

const { client, handle, in_batches: inBatches, options } = JSON.parse(process.argv[2]);

let finish;
const finished = new Promise((resolve) => (finish = resolve));
const seen = new Set();

const handlers = {
  acknowledge: async (message) => message,
  // Fails on the first sight of a message, alone or in a batch.
  fail_once: async (given) => {
    const ids = [given].flat().map(({ MessageId }) => MessageId);
    if (ids.every((id) => seen.has(id))) return given;
    for (const id of ids) seen.add(id);
    throw new Error("the handler failed");
  },
  // Takes until it is told to finish.
  take_long: async (message) => {
    await finished;
    return message;
  },
  // Of a batch, leaves out on first sight what says "leave".
  leave_some: async (messages) => {
    const handled = messages.filter(({ MessageId, Body }) => Body !== "leave" || seen.has(MessageId));
    for (const { MessageId } of messages) seen.add(MessageId);
    return handled;
  },
};

const consumer = Consumer.create({
  ...(client && { sqs: new SQSClient(client) }),
  [inBatches ? "handleMessageBatch" : "handleMessage"]: handlers[handle],
  ...options,
});

const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));
const described = (error) => ({ name: error.name, code: error.code, status: error.statusCode, message: error.message });

for (const event of ["message_received", "message_processed"]) {
  consumer.on(event, (message) => tell(event, { message }));
}
for (const event of ["error", "processing_error"]) {
  consumer.on(event, (error) => tell(event, { error: described(error) }));
}
for (const event of ["started", "empty", "response_processed", "aborted", "stopped"]) {
  consumer.on(event, () => tell(event));
}

async function obey() {
  const orders = { finish, stop: () => consumer.stop(), abort: () => consumer.stop({ abort: true }) };
  for await (const line of readline.createInterface({ input: process.stdin })) orders[line]();
  process.exit();
}

consumer.start();
obey();
