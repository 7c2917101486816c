// Functions under test, as CommonJS; each does one thing that a real one may do.
"use strict";

exports.echo_node = async (event, context) => ({
  event,
  arn: context.invokedFunctionArn,
  requestId: context.awsRequestId,
  remainingMs: context.getRemainingTimeInMillis(),
  name: context.functionName,
  memory: context.memoryLimitInMB,
  custom: context.clientContext?.custom,
  trace: process.env._X_AMZN_TRACE_ID,
  pid: process.pid,
});

exports.environment_node = async () => process.env;

exports.by_callback = (event, context, callback) => {
  setImmediate(() => callback(null, { answered: event.number }));
};

// The answer waits for what is still to be done, as it does on Lambda by default.
exports.waits = (event, context, callback) => {
  const done = [];
  setTimeout(() => done.push("later"), 50);
  callback(null, done);
};

exports.at_once = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = false;
  const done = [];
  setTimeout(() => done.push("later"), 5_000);
  callback(null, done);
};

exports.succeeds_old = (event, context) => context.succeed("old");

exports.fails_by_callback = (event, context, callback) => callback(new RangeError("too far"));

exports.throws = async () => {
  const error = new TypeError("no good");
  error.code = "E_CODE";
  throw error;
};

exports.rejects_text = () => Promise.reject("only text"); // eslint-disable-line prefer-promise-reject-errors

exports.writes = async () => {
  console.log("two\nlines", { a: 1 });
  console.error("an error");
  process.stdout.write("plain\n");
};

exports.crashes = () =>
  new Promise(() => {
    setImmediate(() => {
      throw new Error("from nowhere");
    });
  });

exports.rejects_unseen = () =>
  new Promise(() => {
    Promise.reject(new Error("unseen"));
  });

exports.never = () => new Promise(() => {});

exports.hangs_node = () => new Promise(() => setInterval(() => {}, 1_000));

exports.not_json = async () => 1n;

exports.nested = { inner: { handler: async () => "deep" } };
