// Calls SQS with one of the SDKs of package.json. It answers each line of stdin, a job, with a line on stdout, in the
// form that boto3_driver.py describes; a job also names its `sdk`, and may give more of the client's `options`.
"use strict";

const readline = require("node:readline");

const v2 = require("./sdk_v2");
const v3 = require("./sdk_v3");

function revived(_key, value) {
  const isBytes = value !== null && typeof value === "object" && Object.keys(value).join() === "base64";
  return isBytes ? Buffer.from(value.base64, "base64") : value;
}

function unrevived(key, value) {
  const given = this[key]; // before Buffer's own toJSON()
  return given instanceof Uint8Array ? { base64: Buffer.from(given).toString("base64") } : value;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const job = JSON.parse(line, revived);
    const { answer } = job.sdk.startsWith("aws-sdk-") ? v2 : v3;
    process.stdout.write(`${JSON.stringify(await answer(job), unrevived)}\n`);
  }
}

main();
