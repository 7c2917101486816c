// Shows the page, and sends what its buttons say. The SQS client is here: a browser has no key, and needs none.
import { readFileSync } from "node:fs";
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

// In code: the JavaScript SDK would send to the host of QUEUE_URL, which is AWS's own, whatever the variable says.
const sqs = new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL_SQS });
const QueueUrl = process.env.QUEUE_URL;
const sockets = process.env.SOCKETS_ENDPOINT.replace(/^http/, "ws");
const page = readFileSync(new URL("index.html", import.meta.url), "utf8").replace("{{sockets}}", sockets);
const policy = [
  "default-src 'none'", "script-src 'unsafe-inline'", "style-src 'unsafe-inline'", "img-src data:",
  `connect-src 'self' ${new URL(sockets).origin}`, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join("; ");

const SECONDS = { hello: 5, world: 10 }; // what may be said, and how much later

function message(text) {
  const delay = { DataType: "Number", StringValue: String(SECONDS[text]) };
  return { MessageBody: text, DelaySeconds: SECONDS[text], MessageAttributes: { delay } };
}

async function send(text) {
  if (text !== "world") return (await sqs.send(new SendMessageCommand({ QueueUrl, ...message(text) }))).MessageId;
  const Entries = [{ Id: "1", ...message(text) }];
  const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  if (Failed?.length) throw new Error(Failed[0].Message);
  return Successful[0].MessageId;
}

function answer(statusCode, body) {
  return { statusCode, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

export async function handler({ requestContext: { http }, body = "", isBase64Encoded }) {
  if (http.method === "GET") {
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
    return { statusCode: 200, headers, body: page };
  }
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  if (http.method !== "POST" || !Object.hasOwn(SECONDS, text)) return answer(400, { error: "POST hello or world" });
  const seconds = SECONDS[text];
  return answer(202, { id: await send(text), seconds });
}
