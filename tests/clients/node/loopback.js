// Keeps the requests of tests on this machine.
"use strict";

const LOOPBACK = "127.0.0.1";

// Throws the error that drivers report when a request is on its way to any other host.
function mustStayHere(hostname, url) {
  if (hostname !== LOOPBACK) {
    throw Object.assign(new Error(url), { name: "WentElsewhere" });
  }
}

module.exports = { mustStayHere };
