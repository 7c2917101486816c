// What the functions need of AWS and karin dev does not run, on this machine: a websocket API with its @connections, and
// the three operations of DynamoDB that keep track of them. All is kept in memory, as connections are.
import { randomBytes, randomUUID } from "node:crypto";
import http, { STATUS_CODES } from "node:http";
import { WebSocketServer } from "ws";

const DYNAMODB = "DynamoDB_20120810.";

async function read(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// Source: "Use @connections commands in your backend service" and "$connect and $disconnect routes" in the API Gateway
// developer guide.
class Sockets {
  #open = new Map(); // connection id -> websocket
  #server = new WebSocketServer({ noServer: true });

  constructor(invoke) {
    this.invoke = invoke; // (route, event) -> the function's answer
  }

  async upgrade(request, socket, head) {
    socket.on("error", () => {}); // a browser may leave at any time
    const id = `${randomBytes(10).toString("base64url")}=`;
    const status = await this.#call("connect", id, request);
    if (status >= 300) return socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
    this.#server.handleUpgrade(request, socket, head, (websocket) => {
      this.#open.set(id, websocket);
      websocket.on("error", () => websocket.terminate());
      websocket.on("close", () => {
        this.#open.delete(id);
        this.#call("disconnect", id, request);
      });
    });
  }

  answer(method, id, data) {
    const websocket = this.#open.get(id);
    if (!websocket) return [410, {}, "GoneException"];
    if (method === "DELETE") websocket.close();
    if (method === "POST") websocket.send(data.toString());
    return [method === "DELETE" ? 204 : 200, {}];
  }

  async #call(route, connectionId, request) {
    const at = Date.now();
    const requestContext = {
      routeKey: `$${route}`, eventType: route.toUpperCase(), connectionId, requestId: randomUUID(), requestTimeEpoch: at,
      connectedAt: at, domainName: request.headers.host, stage: "dev", apiId: "local", messageDirection: "IN",
      identity: { sourceIp: request.socket.remoteAddress, userAgent: request.headers["user-agent"] },
    };
    try {
      const { statusCode } = await this.invoke(route, { headers: request.headers, requestContext, isBase64Encoded: false });
      return statusCode ?? 502;
    } catch (error) {
      console.error(`broadcast: ${route} could not be called: ${error.cause?.message ?? error.message}`);
      return 502;
    }
  }
}

class Tables {
  #items = new Map(); // table -> the item of each id

  answer(operation, { TableName, Item, Key }) {
    if (!this.#items.has(TableName)) this.#items.set(TableName, new Map());
    const items = this.#items.get(TableName);
    if (operation === "PutItem") items.set(Item.id.S, Item);
    else if (operation === "DeleteItem") items.delete(Key.id.S);
    else if (operation === "Scan") return [200, { Items: [...items.values()], Count: items.size, ScannedCount: items.size }];
    else return [400, { __type: "UnknownOperationException", message: `${operation} is not served here` }];
    return [200, {}];
  }
}

export async function serve(port, invoke) {
  const sockets = new Sockets(invoke);
  const tables = new Tables();
  const respond = (request, body) => {
    const target = request.headers["x-amz-target"] ?? "";
    if (target.startsWith(DYNAMODB)) return tables.answer(target.slice(DYNAMODB.length), JSON.parse(body));
    const id = /\/@connections\/(.+)$/.exec(decodeURIComponent(request.url))?.[1];
    return id ? sockets.answer(request.method, id, body) : [404, { message: "@connections and DynamoDB are served here" }];
  };
  const server = http.createServer(async (request, response) => {
    const body = await read(request);
    let [status, answer, error] = [400, { message: "the request cannot be read" }];
    try {
      [status, answer, error] = respond(request, body);
    } catch (thrown) {
      console.error(`broadcast: ${request.method} ${request.url}: ${thrown.message}`);
    }
    const headers = { "content-type": "application/json", ...(error && { "x-amzn-errortype": error }) };
    response.writeHead(status, headers).end(status === 204 ? undefined : JSON.stringify(answer));
  });
  server.on("upgrade", (...given) => sockets.upgrade(...given));
  await new Promise((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done));
}
