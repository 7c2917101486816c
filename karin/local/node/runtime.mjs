// Runs one function written for Node.js over the Lambda Runtime API: karin.local starts it, one process at a time per
// call. Written after the behaviour of AWS's managed runtimes (Lambda developer guide, "Building with Node.js").
// Needs Node.js 18 and nothing else.

import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";

const API = "/2018-06-01/runtime";
const OLDEST_NODE = 18;
const [HOST, PORT] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const toStdout = process.stdout.write.bind(process.stdout);

let requestId; // of the call under way
let finish; // ends the call under way: (kind, payload); kind is "response" or "error"
let whenIdle; // what is to be done once the function has left nothing to wait for

// --- the Runtime API -------------------------------------------------------------------------------------------------

function request(method, what, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: HOST, port: PORT, agent, method, path: `${API}/${what}`, headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(chunks).toString() }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function post(what, body, errorType) {
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  if (errorType) headers["Lambda-Runtime-Function-Error-Type"] = encodeURIComponent(errorType);
  return request("POST", what, body, headers);
}

// --- what the function writes ----------------------------------------------------------------------------------------

// Lambda puts the time, the request and the level before each call of console.*, and keeps it one line.
function log(level, ...parts) {
  const text = util.format(...parts).replace(/\n/g, "\r");
  toStdout(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
}

for (const [name, level] of Object.entries({
  log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE",
})) {
  console[name] = (...parts) => log(level, ...parts);
}

// --- errors ----------------------------------------------------------------------------------------------------------

function isError(thrown) {
  return util.types.isNativeError(thrown) || (thrown && thrown.name && thrown.message && thrown.stack);
}

// What the caller of the function gets.
function shaped(thrown) {
  try {
    if (!isError(thrown)) return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
    return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack || "").split("\n") };
  } catch {
    return { errorType: "handled", errorMessage: "the error could not be read", trace: [] };
  }
}

// What stands in the log: the error's own fields as well.
function logged(thrown) {
  const { errorType, errorMessage, trace } = shaped(thrown);
  try {
    return JSON.stringify({ errorType, errorMessage, ...(isError(thrown) ? thrown : {}), stack: trace });
  } catch {
    return JSON.stringify({ errorType, errorMessage, stack: trace });
  }
}

class RuntimeError extends Error {
  constructor(type, message, cause) {
    super(message);
    Object.defineProperty(this, "name", { value: `Runtime.${type}` }); // not one of its own fields in the log
    if (cause && cause.stack) this.stack = cause.stack;
  }
}

function die(label, error, code) {
  log("ERROR", `${label} \t${logged(error)}`);
  const report = JSON.stringify(shaped(error));
  const told = requestId ? post(`invocation/${requestId}/error`, report, error.name) : post("init/error", report, error.name);
  told.catch(() => {}).finally(() => process.exit(code));
}

process.on("uncaughtException", (thrown) => {
  die("Uncaught Exception", isError(thrown) ? thrown : new Error(String(thrown)), 129);
});
process.on("unhandledRejection", (reason) => {
  die("Unhandled Promise Rejection", new RuntimeError("UnhandledPromiseRejection", String(reason), reason), 128);
});
process.on("beforeExit", () => {
  const act = whenIdle;
  whenIdle = undefined;
  if (act) act();
});

// --- finding the handler ---------------------------------------------------------------------------------------------

function fileOf(module) {
  const suffixes = [".js", ".mjs", ".cjs"];
  if (process.features.typescript) suffixes.push(".ts", ".mts", ".cts");
  const found = ["", ...suffixes].map((suffix) => module + suffix).find((name) => {
    return fs.statSync(name, { throwIfNoEntry: false })?.isFile();
  });
  if (!found) {
    throw new RuntimeError("ImportModuleError", `Error: Cannot find module '${path.basename(module)}'`);
  }
  return found;
}

async function load(file) {
  if (/\.[cm]?ts$|\.mjs$/.test(file)) return import(pathToFileURL(file));
  try {
    return createRequire(file)(file);
  } catch (error) {
    if (error.code !== "ERR_REQUIRE_ESM" && error.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    return import(pathToFileURL(file));
  }
}

async function findHandler() {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < OLDEST_NODE) {
    throw new RuntimeError("InvalidRuntime", `Node.js ${major} is too old: karin dev needs ${OLDEST_NODE} or newer on PATH`);
  }
  const written = process.env._HANDLER || "";
  const [, module, names] = path.basename(written).match(/^([^.]*)\.(.*)$/) || [];
  if (!module || !names) throw new RuntimeError("MalformedHandlerName", `Bad handler ${written}`);
  const root = process.env.LAMBDA_TASK_ROOT || process.cwd();
  let exported;
  try {
    exported = await load(fileOf(path.resolve(root, path.dirname(written), module)));
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", String(error), error);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw new RuntimeError("ImportModuleError", `Error: ${error.message}`, error);
    }
    throw error;
  }
  const step = (value, name) => value?.[name];
  const handler = names.split(".").reduce(step, exported) ?? names.split(".").reduce(step, exported?.default);
  if (handler === undefined) throw new RuntimeError("HandlerNotFound", `${written} is undefined or not exported`);
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${written} is not a function`);
  return handler;
}

// --- calls -----------------------------------------------------------------------------------------------------------

function contextOf(headers, callback) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const clientContext = headers["lambda-runtime-client-context"];
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext ? JSON.parse(clientContext) : undefined,
    identity: undefined,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  const atOnce = (error, result) => {
    context.callbackWaitsForEmptyEventLoop = false;
    callback(error, result);
  };
  context.done = atOnce;
  context.fail = (error) => atOnce(error || new Error("context.fail was called"));
  context.succeed = (result) => atOnce(null, result);
  return context;
}

function call(handler, event, headers) {
  return new Promise((ended) => {
    let answered = false;
    const send = (kind, body, errorType) => {
      whenIdle = undefined;
      post(`invocation/${requestId}/${kind}`, body, errorType).then(ended, ended);
    };
    const fail = (thrown) => {
      if (answered) return;
      answered = true;
      log("ERROR", `Invoke Error \t${logged(thrown)}`);
      const report = shaped(thrown);
      send("error", JSON.stringify(report), report.errorType);
    };
    const succeed = (result) => {
      if (answered) return;
      let body;
      try {
        body = JSON.stringify(result === undefined ? null : result) ?? "null";
      } catch (error) {
        fail(new Error(`Unable to stringify response body: ${error.message}`));
        return;
      }
      answered = true;
      send("response", body);
    };
    const callback = (error, result) => {
      if (answered || whenIdle?.isAnswer) return;
      const answer = () => (error === null || error === undefined ? succeed(result) : fail(error));
      if (!context.callbackWaitsForEmptyEventLoop || (error !== null && error !== undefined)) {
        answer();
      } else {
        answer.isAnswer = true;
        whenIdle = answer;
      }
    };
    const context = contextOf(headers, callback);
    whenIdle = () => succeed(null); // nothing is left that could ever answer
    try {
      const result = handler(event, context, callback);
      if (typeof result?.then === "function") result.then(succeed, fail);
    } catch (error) {
      fail(error);
    }
  });
}

async function main() {
  let handler;
  try {
    handler = await findHandler();
  } catch (error) {
    die("Uncaught Exception", isError(error) ? error : new Error(String(error)), 1);
    return;
  }
  for (;;) {
    const { headers, body } = await request("GET", "invocation/next");
    requestId = headers["lambda-runtime-aws-request-id"];
    process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
    await call(handler, JSON.parse(body), headers);
  }
}

main();
