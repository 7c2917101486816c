// Runs all of it on this machine until Ctrl-C: karin dev, and beside it what of AWS karin dev does not run.
import { spawn } from "node:child_process";
import net from "node:net";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const HOST = "127.0.0.1";
const PORTS = 4; // karin's endpoint, the functions' URLs, Lambda's API, and what is served here

function isFree(port) {
  return new Promise((done) => {
    const probe = net.createServer().once("error", () => done(false));
    probe.listen(port, HOST, () => probe.close(() => done(true)));
  });
}

async function firstPort() {
  if (process.env.KARIN_BIND) return Number(process.env.KARIN_BIND.split(":").at(-1));
  for (let port = 4000; port < 5000; port += 10) {
    const free = await Promise.all(Array.from({ length: PORTS }, (_, index) => isFree(port + index)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no ${PORTS} ports in a row are free: choose the first with KARIN_BIND=${HOST}:PORT`);
}

function invoker(url) {
  return async (name, event) => {
    const path = `${url}/2015-03-31/functions/broadcast-dev-${name}/invocations`;
    const answer = await fetch(path, { method: "POST", body: JSON.stringify(event) });
    if (!answer.ok || answer.headers.has("x-amz-function-error")) throw new Error(await answer.text());
    return answer.json();
  };
}

async function localAws() {
  try {
    return await import("./aws.mjs");
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new Error(`its packages are not installed: run \`npm ci\` in ${FOLDER}`);
  }
}

async function main() {
  const { serve } = await localAws();
  const [endpoint, urls, lambda, sockets] = await firstPort().then((first) =>
    Array.from({ length: PORTS }, (_, index) => `${HOST}:${first + index}`),
  );
  await serve(Number(sockets.split(":")[1]), invoker(`http://${lambda}`));
  const environment = {
    ...process.env,
    KARIN_BIND: endpoint,
    SOCKETS_ENDPOINT: `http://${sockets}/dev`,
    AWS_ENDPOINT_URL_DYNAMODB: `http://${sockets}`,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true", // eight lines for each function's process
  };
  console.log(`broadcast: websockets and their table are at http://${sockets}`);
  console.log(`broadcast: once karin dev is up, the page is at http://${urls}/broadcast-dev-page/`);
  const karin = spawn("karin", ["dev", FOLDER], { stdio: "inherit", env: environment });
  process.on("SIGINT", () => {}); // a Ctrl-C reaches karin by itself
  process.on("SIGTERM", () => karin.kill());
  karin.on("exit", (code) => process.exit(code ?? 1));
  karin.on("error", () => fail("there is no karin on your PATH: `make install`, then `. .venv/bin/activate`"));
}

function fail(reason) {
  console.error(`broadcast: ${reason}`);
  process.exit(1);
}

main().catch((error) => fail(error.message));
