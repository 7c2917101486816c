// One call by the SDK v2: a service with a method for each action, and errors that have no classes.
"use strict";

const { mustStayHere } = require("./loopback");

async function answer({ sdk, endpoint, region, key_id, secret, session_token, options, action, input }) {
  const AWS = require(sdk);
  const credentials = new AWS.Credentials(key_id, secret, session_token ?? undefined);
  const service = new AWS.SQS({ ...(endpoint && { endpoint }), region, credentials, maxRetries: 0, ...options });
  const request = {};
  const call = service[action[0].toLowerCase() + action.slice(1)](input);
  call.on("sign", ({ httpRequest: { endpoint: to, path, headers } }) => {
    request.url = `${to.protocol}//${to.host}${path}`;
    request.content_type = headers["Content-Type"];
    mustStayHere(to.hostname, request.url);
  });
  try {
    const { ResponseMetadata, ...output } = await call.promise();
    return { request, output: withoutMadeUpLists(output) };
  } catch (error) {
    const { name, code, message, statusCode: status } = error;
    return { request, error: { name, code, message, status } };
  }
}

// It answers with an empty list where the endpoint's answer has none. Other SDKs leave the list out.
function withoutMadeUpLists(value) {
  if (Array.isArray(value)) return value.map(withoutMadeUpLists);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const kept = Object.entries(value).filter(([, member]) => !(Array.isArray(member) && !member.length));
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutMadeUpLists(member)]));
}

module.exports = { answer };
