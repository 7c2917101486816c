const nothing = require("no-such-package");
exports.handler = async () => nothing;
